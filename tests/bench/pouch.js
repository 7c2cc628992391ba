// One measured replication of the other side, two processes: PouchDB on disk -> express-pouchdb on disk, by HTTP.
// node pouch.js FOLDER DOCS.json: prints the milliseconds of the replication.
const fs = require('fs');
const path = require('path');
const { fork } = require('child_process');
const from = path.join(process.cwd(), 'x');
const need = (name) => require(require.resolve(name, { paths: [from] }));
const PouchDB = need('pouchdb');
const [, , folder, file] = process.argv;

function prefix(name) {
  const place = path.join(folder, name);
  fs.mkdirSync(place, { recursive: true });
  return place + path.sep;
}

function office() {
  const app = need('express')();
  const Database = PouchDB.defaults({ prefix: prefix('office') });
  const logPath = path.join(folder, 'log.txt');
  app.use('/', need('express-pouchdb')(Database, { mode: 'minimumForPouchDB', inMemoryConfig: true, logPath }));
  const listener = app.listen(0, '127.0.0.1', () => process.send(listener.address().port));
}

async function till(port, docs) {
  const ledger = new PouchDB(prefix('till') + 'ledger');
  for (let at = 0; at < docs.length; at += 500) await ledger.bulkDocs(docs.slice(at, at + 500));
  const remote = new PouchDB(`http://127.0.0.1:${port}/office`);
  await remote.info(); // The database is made before the clock runs.
  const began = process.hrtime.bigint();
  const done = await ledger.replicate.to(remote, { batch_size: 500 });
  const took = Number(process.hrtime.bigint() - began) / 1e6;
  const held = await remote.info();
  if (!done.ok || held.doc_count !== docs.length) throw new Error(JSON.stringify([done, held]));
  console.log(took.toFixed(1));
}

if (process.send) {
  office();
} else {
  const server = fork(__filename, [folder, file]);
  server.once('message', (port) => {
    till(port, JSON.parse(fs.readFileSync(file)))
      .catch((error) => { console.error(error); process.exitCode = 1; })
      .finally(() => server.kill());
  });
}
