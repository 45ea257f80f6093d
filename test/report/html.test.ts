import assert from 'node:assert/strict';
import fc from 'fast-check';
import { escapeText, html, trusted } from '../../src/report/html.ts';
import { faultsOf } from './well-formed.ts';

describe('report/html', () => {
  it('html`` escapes texts and takes Html as it is', () => {
    const inner = html`<b>${'<i>'}</b>`;
    assert.equal(
      html`<p title="${'"a" & b'}">${inner}${undefined}${[1, 'x']}</p>`.markup,
      '<p title="&quot;a&quot; &amp; b"><b>&lt;i&gt;</b>1x</p>',
    );
  });

  it('html`` stays well-formed whatever the text, in content and in attributes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.deepEqual(faultsOf(html`<p title="${text}">${text}</p>`.markup), []);
      }),
    );
  });

  it('escapeText() replaces what HTML forbids and keeps line ends', () => {
    assert.equal(escapeText('a\u0000b\u001b\ud800\n'), 'a\ufffdb\ufffd\ufffd\n');
  });

  it('trusted() does not escape', () => {
    assert.equal(html`${trusted('<svg/>')}`.markup, '<svg/>');
  });
});

describe('report/well-formed', () => {
  it('faultsOf() finds crossed tags, stray brackets, unquoted attributes and ids given twice', () => {
    assert.deepEqual(faultsOf('<p><b>x</b><meta charset="utf-8"><path d="M0"/></p>'), []);
    for (const page of ['<p><b></p></b>', '<p>', 'a < b', '<p a=b></p>', '<p id="x"></p><p id="x"></p>', 'a & b']) {
      assert.notDeepEqual(faultsOf(page), [], page);
    }
  });
});
