/** FNV-1a of 32 bits over the UTF-16 units of a text, from the offset basis or another beginning: for spreading, not for secrets. */
export function fnv1a(text: string, basis = 0x811c_9dc5): number {
  let hash = basis;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x0100_0193);
  return hash >>> 0;
}
