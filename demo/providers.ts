import { apiServer, linnetApiNode } from "./api-server.ts";
import { birdNode } from "./bird-node.ts";
import type { Provider } from "./data-centre.ts";
import { linnetNode } from "./linnet-node.ts";

/** Linnet with objects from either side; or BIRD, which shows that the measuring itself is sound. */
export const providers = {
  manifests: { router: linnetNode },
  api: { router: linnetApiNode, prepare: apiServer },
  bird: { router: birdNode },
} as const satisfies Readonly<Record<string, Provider>>;

/** For tests: `LAB_SUBJECT` names a provider. */
export function providerOf({ LAB_SUBJECT }: NodeJS.ProcessEnv): Provider {
  const provider: Provider | undefined = Object.entries(providers).find(([name]) => name === LAB_SUBJECT)?.[1];
  return provider ?? providers.manifests;
}
