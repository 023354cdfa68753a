/** UTF-8 by hand (RFC 3629): the pure code has no platform, and texts in BGP have at most 255 octets. */

/** @param maxOctets what does not fit is cut after the last whole character */
export function encodeUtf8(text: string, maxOctets: number): number[] {
  const octets: number[] = [];
  for (const character of text) {
    const encoded = encodeCodePoint(character.codePointAt(0)!);
    if (octets.length + encoded.length > maxOctets) break;
    octets.push(...encoded);
  }
  return octets;
}

function encodeCodePoint(code: number): number[] {
  if (code < 0x80) return [code];
  if (code < 0x800) return [0xc0 | (code >> 6), 0x80 | (code & 0x3f)];
  if (code >= 0xd800 && code < 0xe000) return [0xef, 0xbf, 0xbd]; // a lone surrogate: U+FFFD
  const low = [0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)];
  if (code < 0x10000) return [0xe0 | (code >> 12), ...low];
  return [0xf0 | (code >> 18), 0x80 | ((code >> 12) & 0x3f), ...low];
}

/** @returns undefined where `octets` are not UTF-8: overlong forms and surrogates are not either */
export function decodeUtf8(octets: Uint8Array): string | undefined {
  let text = "";
  for (let at = 0; at < octets.length; ) {
    const first = octets[at]!;
    const follow = first < 0x80 ? 0 : first >> 5 === 6 ? 1 : first >> 4 === 14 ? 2 : first >> 3 === 30 ? 3 : -1;
    if (follow < 0 || at + follow >= octets.length) return undefined;
    let code = follow === 0 ? first : first & (0x3f >> follow);
    for (let i = 1; i <= follow; i++) {
      const octet = octets[at + i]!;
      if (octet >> 6 !== 2) return undefined;
      code = (code << 6) | (octet & 0x3f);
    }
    const smallest = [0, 0x80, 0x800, 0x10000][follow]!;
    if (code < smallest || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return undefined;
    text += String.fromCodePoint(code);
    at += follow + 1;
  }
  return text;
}
