import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#core/time.ts";
import { openFileLedger } from "#ledger/file/file-ledger.ts";
import { exerciseLedger } from "../conformance.ts";

exerciseLedger("the file ledger", async () => {
  const dir = await mkdtemp(join(tmpdir(), "ledger-test-"));
  const open = () => openFileLedger({ path: join(dir, "nested", "ledger"), now: systemClock });
  let ledger = await open();
  return {
    ledger,
    async reopen() {
      await ledger.close();
      ledger = await open();
      return ledger;
    },
    async close() {
      await ledger.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
});
