/**
 * The file that a worker thread runs: beside the module that starts it while TypeScript runs directly, beside the bundle
 * in the image.
 * @param here `import.meta.url` of that module
 * @param name without ending
 */
export const workerScript = (here: string, name: string): URL =>
  new URL(`./${name}.${here.endsWith(".ts") ? "ts" : "js"}`, here);
