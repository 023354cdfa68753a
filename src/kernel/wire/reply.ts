import { NLM_F_ACK_TLVS, NLM_F_CAPPED, NLMSGERR_ATTR_MSG } from "./constants.ts";
import { eachAttribute, HEADER_OCTETS, type MessageHeader, type Received, text } from "./message.ts";

/** The kernel's answer to a message (NLMSG_ERROR) or the end of a dump (NLMSG_DONE). */
export interface Reply {
  /** 0: done as asked. */
  readonly errno: number;
  /** What the kernel says about it (NETLINK_EXT_ACK), often empty. */
  readonly text: string;
}

/** Of a message of type NLMSG_ERROR or NLMSG_DONE. */
export function decodeReply(data: Received, header: MessageHeader, isError: boolean): Reply {
  if (header.end - header.start < 4) return { errno: 0, text: "" };
  const errno = Math.abs(data.words[header.start >>> 2]! | 0);
  if ((header.flags & NLM_F_ACK_TLVS) === 0) return { errno, text: "" };
  let said = "";
  eachAttribute(data, attributesAt(data, header, isError), header.end, (type, start, end) => {
    if (type === NLMSGERR_ATTR_MSG) said = text(data, start, end);
  });
  return { errno, text: said };
}

/** Behind the error stands the header of the failed message, and all of it unless the reply is capped. */
function attributesAt(data: Received, header: MessageHeader, isError: boolean): number {
  const inner = header.start + 4;
  if (!isError) return inner;
  if ((header.flags & NLM_F_CAPPED) !== 0 || inner + HEADER_OCTETS > header.end) return inner + HEADER_OCTETS;
  return inner + ((Math.max(data.words[inner >>> 2]!, HEADER_OCTETS) + 3) & ~3);
}
