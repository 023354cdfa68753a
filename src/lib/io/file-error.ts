const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "it does not exist",
  ENOTDIR: "it is not a directory",
  EISDIR: "it is a directory",
  EACCES: "permission denied",
};

/** Why a file could not be used, for people: without its path, which they know. */
export function reason(error: unknown): string {
  const { code = "", message } = error as NodeJS.ErrnoException;
  return REASONS[code] ?? message;
}
