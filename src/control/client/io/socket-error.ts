const reasons: Readonly<Record<string, string>> = {
  ENOENT: "No such file or directory",
  ECONNREFUSED: "Connection refused",
  EACCES: "Permission denied",
  ENOTSOCK: "Socket operation on non-socket",
};

/** Why a socket could not be connected to, in the system's own words. */
export const socketError = (error: NodeJS.ErrnoException): string => reasons[error.code ?? ""] ?? error.message;
