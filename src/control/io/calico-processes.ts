import { type ChildProcess, spawn } from "node:child_process";

/**
 * Calico's tools look for processes whose first argument is `bird` and `bird6` before they open the sockets. These two do
 * nothing but bear the names, and end with us, however we end: their input closes then. About 40 MB each, most of it shared.
 */
export function bearCalicoNames(): { close(): void } {
  const children = ["bird", "bird6"].map((name) => standIn(name));
  return {
    close() {
      for (const child of children) child.stdin?.end();
    },
  };
}

function standIn(name: string): ChildProcess {
  const idle = "process.stdin.resume()";
  const child = spawn(process.execPath, ["-e", idle], { argv0: name, stdio: ["pipe", "ignore", "ignore"] });
  // Without the name the tools say that BIRD is not running; nothing else depends on it.
  child.on("error", () => {});
  child.stdin?.on("error", () => {});
  child.unref();
  return child;
}
