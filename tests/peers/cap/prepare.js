// Imports an EDMX with CAP's own importer, then turns the imported (external, not persisted) service into
// one this peer serves itself: persisted in SQLite, associations given an ON condition over same-named
// properties, ETag on the optimistic-lock property. Usage: node prepare.js <file.edmx> [EtagProperty]
const { execFileSync } = require('child_process')
const fs = require('fs'), path = require('path')
const edmx = path.resolve(process.argv[2] || 'API_PLANNED_ORDERS.edmx')
const etag = process.argv[3] || 'LastChangeDateTime'
const name = path.basename(edmx, '.edmx')
fs.rmSync('import', { recursive: true, force: true }); fs.mkdirSync('import'); fs.mkdirSync('srv', { recursive: true })
fs.copyFileSync(edmx, `import/${name}.edmx`)
fs.writeFileSync('import/package.json', '{"name":"import","private":true}')
execFileSync('../node_modules/.bin/cds', ['import', `${name}.edmx`, '--as', 'csn', '--force'], { cwd: 'import', stdio: 'inherit' })
const file = ['csn', 'json'].map((x) => `import/srv/external/${name}.${x}`).find((f) => fs.existsSync(f))
const csn = JSON.parse(fs.readFileSync(file))
const src = fs.readFileSync(edmx, 'utf8')
const locked = new Set([...src.matchAll(/<EntityType Name="([^"]+?)(?:Type)?"[\s\S]*?<\/EntityType>/g)].filter((m) => /ConcurrencyMode="Fixed"/.test(m[0])).map((m) => m[1]))
for (const [n, d] of Object.entries(csn.definitions)) {
  delete d['@cds.external']; delete d['@cds.persistence.skip']
  if (d.kind === 'service') Object.assign(d, { '@path': name, '@requires': 'authenticated-user' })
  if (d.kind !== 'entity') continue
  delete d.actions
  for (const [en, e] of Object.entries(d.elements)) {
    if (e.type === 'cds.Association' || e.type === 'cds.Composition') {
      const t = csn.definitions[e.target], keys = Object.entries(d.elements).filter(([, x]) => x.key).map(([k]) => k)
      const tkeys = Object.entries(t.elements).filter(([, x]) => x.key).map(([k]) => k)
      const common = (e.cardinality?.max === '*' ? keys : tkeys).filter((k) => t.elements[k] && d.elements[k])
      if (!common.length) { delete d.elements[en]; continue }
      delete e.keys
      // a writable child collection becomes a composition, so that a deep insert works
      if (e.cardinality?.max === '*' && t['@sap.creatable'] !== 'false') e.type = 'cds.Composition'
      e.on = common.flatMap((k, i) => [...(i ? ['and'] : []), { ref: [en, k] }, '=', { ref: [k] }])
    }
  }
  // Timestamp, not DateTime: SQLite keeps milliseconds of $now and a DateTime ETag (seconds) never matches it
  if (locked.has(n.split('.').pop()) && d.elements[etag]?.type === 'cds.String') d.elements[etag]['@odata.etag'] = true // e.g. production order: String(14) time stamp
  else if (locked.has(n.split('.').pop()) && d.elements[etag]) Object.assign(d.elements[etag], { type: 'cds.Timestamp', '@odata.Type': undefined, '@odata.etag': true, '@cds.on.insert': { '=': '$now' }, '@cds.on.update': { '=': '$now' } })
}
fs.writeFileSync(`srv/${name}.csn`, JSON.stringify(csn, null, 1))
console.log(`srv/${name}.csn: ${Object.values(csn.definitions).filter((d) => d.kind === 'entity').length} entities`)
