import { birdNode } from "./bird-node.ts";
import type { RouterMaker } from "./data-centre.ts";
import { linnetNode } from "./linnet-node.ts";

/** What may route for the nodes: Linnet; or BIRD, which shows that the measuring itself is sound. */
export const routers: Readonly<Record<string, RouterMaker>> = { manifests: linnetNode, bird: birdNode };

/** For tests: `LAB_SUBJECT=bird` puts BIRD in Linnet's place. */
export function nodeRouter({ LAB_SUBJECT }: NodeJS.ProcessEnv): RouterMaker {
  return LAB_SUBJECT === "bird" ? birdNode : linnetNode;
}
