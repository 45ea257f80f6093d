import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';

/** Creates a source of a kind in a process of its own, and prints every module that it loaded. */
const script = (config: object) => `
import { registerHooks } from 'node:module';
registerHooks({ load: (url, context, next) => (console.log(url), next(url, context)) });
const { createSource } = await import(${JSON.stringify(new URL('../../../src/node/sources/create-source.ts', import.meta.url).href)});
createSource(${JSON.stringify({ ...config, sensors: {} })}, [{ name: 'flow' }]);
await import(${JSON.stringify(new URL('../../../src/node/alerts/create-target.ts', import.meta.url).href)});
`;

describe('createSource()', () => {
  it('loads no client library before a source runs: a gateway that reads CSV has no room for them', () => {
    const config = { kind: 'mqtt', url: 'mqtt://b', topics: [{ topic: 'a' }] };
    const loaded = execFileSync(process.execPath, ['--input-type=module', '--eval', script(config)], {
      encoding: 'utf8',
    });
    assert.match(loaded, /\/mqtt-source\.ts/);
    assert.match(loaded, /\/mqtt-target\.ts/);
    assert.doesNotMatch(loaded, /node_modules\/(mqtt|node-opcua[a-z-]*)\//);
  });
});
