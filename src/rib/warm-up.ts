import type { UpdateEncoder } from "./ports.ts";
import type { RibParts } from "./rib.ts";

export function warmUp(_parts: RibParts, _encoder: () => UpdateEncoder): void {}
