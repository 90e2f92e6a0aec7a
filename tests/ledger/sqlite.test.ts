import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#core/time.ts";
import { openSqliteLedger } from "#ledger/sqlite/sqlite-ledger.ts";
import { exerciseLedger } from "./conformance.ts";

exerciseLedger("the SQLite ledger", async () => {
  const dir = await mkdtemp(join(tmpdir(), "ledger-test-"));
  const open = () => openSqliteLedger({ path: join(dir, "nested", "gateway.sqlite3"), now: systemClock });
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
