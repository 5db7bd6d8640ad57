import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import t from 'tap'

t.test('is smaller than 3 kB compressed and has no dependencies', async (t) => {
  const { outputFiles, metafile } = await build({
    entryPoints: ['client/src/index.ts'],
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
    metafile: true,
  })
  const { contents } = outputFiles[0]!
  const { length } = gzipSync(contents)
  t.ok(length < 3_000, `${length} bytes, ${contents.length} unpacked`)
  for (const path of Object.keys(metafile.inputs)) t.ok(path.startsWith('client/src/'), path)
})
