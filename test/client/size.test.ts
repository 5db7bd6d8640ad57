import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import t from 'tap'

t.test('the whole client takes less than 5 kB of a page, and nothing besides itself', async (t) => {
  const { outputFiles, metafile } = await build({
    entryPoints: ['client/src/index.ts'],
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
    metafile: true,
  })
  const { contents } = outputFiles[0]!
  t.ok(contents.length < 5_000, `${contents.length} bytes, ${gzipSync(contents).length} of them on the wire`)
  for (const path of Object.keys(metafile.inputs)) t.ok(path.startsWith('client/src/'), path)
})
