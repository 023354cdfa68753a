#!/usr/bin/env node
import { birdc } from "./control/client/io/birdc.ts";

process.exitCode = await birdc(process.argv.slice(2));
