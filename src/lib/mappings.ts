/** A part of a process's address space. */
export interface AddressRange {
  readonly from: number;
  readonly octets: number;
}

/** First line of a mapping in /proc/PID/smaps: addresses, rights, offset, device, inode, path. */
const mapping = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \d+ +(.*)$/gm;

/**
 * A page that was written is a copy, which belongs to no file: anonymous, or swapped out. Private_Dirty is no sign of it:
 * it also counts the file's own pages, as long as a file that is new was not written to its disk.
 */
const mustBeZero = ["Anonymous", "Swap", "Locked"];

/**
 * Where `file` lies in memory as it is on disk: mapped for this process alone, not writable, and no page of the mapping was
 * ever written. The system may take such pages away at any time, and reads them again when they are wanted.
 * @param smaps what /proc/PID/smaps says
 */
export function unchangedMappings(smaps: string, file: string): AddressRange[] {
  const found: AddressRange[] = [];
  for (const { 0: line, 1: from = "", 2: to = "", 3: rights = "", 4: path, index } of smaps.matchAll(mapping)) {
    if (path !== file || rights[1] !== "-" || rights[3] !== "p") continue;
    const details = smaps.slice(index + line.length, smaps.indexOf("\nVmFlags:", index));
    if (!mustBeZero.every((name) => kibibytes(details, name) === 0)) continue;
    const start = Number.parseInt(from, 16);
    found.push({ from: start, octets: Number.parseInt(to, 16) - start });
  }
  return found;
}

function kibibytes(details: string, name: string): number | undefined {
  const [, digits] = new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(details) ?? [];
  return digits === undefined ? undefined : Number(digits);
}
