import fc from "fast-check";

/**
 * Properties are tried with the same examples in every run, so that a change is judged by what it changed; SEED=N tries
 * others, and what they find becomes a test of its own. A failure prints its seed.
 */
fc.configureGlobal({ seed: Number(process.env.SEED ?? 1) });
