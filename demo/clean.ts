/** `make clean`: removes what demos and labs left standing, kept ones included. */
import { removeLeftovers } from "../test/support/lab/lab.ts";

const removed = await removeLeftovers();
if (removed.length > 0) console.log(`removed ${removed.length} network namespaces`);
