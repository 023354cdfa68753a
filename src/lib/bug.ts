/** A mistake of ours, never the peer's and never the world's: the process ends, the kernel keeps the routes. */
export class Bug extends Error {
  override readonly name = "Bug";
}

/** Stops at a state that the code says cannot be. @throws Bug always */
export function bug(what: string): never {
  throw new Bug(what);
}
