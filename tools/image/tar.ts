/** A file of an archive. Everything belongs to root, and was changed at one time: equal input gives equal octets. */
export type Entry =
  | { readonly type: "directory"; readonly path: string; readonly mode: number }
  | { readonly type: "link"; readonly path: string; readonly target: string }
  | { readonly type: "file"; readonly path: string; readonly mode: number; readonly content: Uint8Array };

const BLOCK = 512;
const LONGEST_NAME = 100;
const LONGEST_PREFIX = 155;
const TYPES = { file: "0", link: "2", directory: "5" } as const;

/**
 * A tar archive in the ustar format (POSIX.1-1988, "pax Interchange Format" in later editions describes it too).
 * @param entries in the order of the archive; directories before what is in them
 * @param seconds since 1970, of all entries
 */
export function tar(entries: readonly Entry[], seconds: number): Buffer {
  const blocks = entries.flatMap((entry) => {
    const content = entry.type === "file" ? entry.content : new Uint8Array();
    return [header(entry, content.length, seconds), content, new Uint8Array(-content.length & (BLOCK - 1))];
  });
  return Buffer.concat([...blocks, new Uint8Array(2 * BLOCK)]);
}

function header(entry: Entry, octets: number, seconds: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const [prefix, name] = split(entry.type === "directory" ? `${entry.path}/` : entry.path);
  const octal = (value: number, at: number, length: number): void => {
    block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, "latin1");
  };
  block.write(name, 0);
  octal(entry.type === "link" ? 0o777 : entry.mode, 100, 8);
  octal(0, 108, 8); // owner
  octal(0, 116, 8); // group
  octal(octets, 124, 12);
  octal(seconds, 136, 12);
  block.write(" ".repeat(8), 148, "latin1"); // counts as blanks in the checksum
  block.write(TYPES[entry.type], 156, "latin1");
  if (entry.type === "link") block.write(entry.target, 157);
  block.write("ustar\u000000", 257, "latin1");
  block.write(prefix, 345);
  block.write(`${sumOf(block).toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

const sumOf = (block: Uint8Array): number => block.reduce((sum, octet) => sum + octet, 0);

/** A name of up to 100 octets, and what goes before it. @throws Error where a path fits no header */
function split(path: string): readonly [prefix: string, name: string] {
  if (Buffer.byteLength(path) <= LONGEST_NAME) return ["", path];
  for (let at = path.indexOf("/"); at >= 0 && at < path.length - 1; at = path.indexOf("/", at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
    if (Buffer.byteLength(name) <= LONGEST_NAME && Buffer.byteLength(prefix) <= LONGEST_PREFIX) return [prefix, name];
  }
  throw new Error(`${path}: too long a name for a tar header`);
}
