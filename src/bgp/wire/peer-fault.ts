import { describeNotification, type Notification } from "./notification.ts";

/** The peer broke the protocol: send it `notification`, then close. The same bytes again cannot help. */
export class PeerFault extends Error {
  override readonly name = "PeerFault";
  readonly notification: Notification;

  constructor(notification: Notification, options?: ErrorOptions) {
    super(describeNotification(notification), options);
    this.notification = notification;
  }
}
