import { birdc as client } from "#control/client/io/birdc.ts";

/** `linnet birdc …`: the same client as the program `birdc`. @returns the exit status */
export function birdc(words: readonly string[]): Promise<number> {
  return client(words);
}
