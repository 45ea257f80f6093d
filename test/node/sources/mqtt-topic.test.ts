import assert from 'node:assert/strict';
import fc from 'fast-check';
import { TopicPattern } from '../../../src/node/sources/mqtt-topic.ts';

describe('TopicPattern', () => {
  const match = (pattern: string, topic: string): string | undefined => new TopicPattern(pattern).match(topic);

  it('matches as section 4.7 of MQTT 3.1.1 has it, and gives the last level or that of {sensor}', () => {
    assert.equal(match('a/b', 'a/b'), 'b');
    assert.equal(match('a/b', 'a/b/c'), undefined);
    assert.equal(match('a/#', 'a'), 'a');
    assert.equal(match('a/#', 'a/b/c'), 'c');
    assert.equal(match('#', 'x'), 'x');
    assert.equal(match('#', '$SYS/x'), undefined);
    assert.equal(match('+/x', '$SYS/x'), undefined);
    assert.equal(match('$SYS/#', '$SYS/x'), 'x');
    assert.equal(match('+', '/a'), undefined);
    assert.equal(match('+/+', '/a'), 'a');
    assert.equal(match('plant/{sensor}/value', 'plant/p1/value'), 'p1');
    assert.equal(match('plant/{sensor}/#', 'plant/p1/a/b'), 'p1');
    assert.equal(new TopicPattern('plant/{sensor}/value').filter, 'plant/+/value');
  });

  it('refuses what a broker would refuse', () => {
    for (const pattern of ['', 'a/#/b', 'a#', 'a/b+', '{sensor}/{sensor}', 'a\0']) {
      assert.throws(() => new TopicPattern(pattern), { name: 'OperatorError' }, pattern);
    }
  });

  it('matches every topic that it is made of by putting levels for wildcards', () => {
    const level = fc.stringMatching(/^[a-z]{0,3}$/);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(level, fc.boolean()), { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        (levels, isOpen) => {
          const topic = levels.map(([text]) => text).join('/');
          const pattern = levels.map(([text, isWild]) => (isWild ? '+' : text)).join('/') + (isOpen ? '/#' : '');
          fc.pre(pattern !== '');
          assert.notEqual(match(pattern, topic), undefined);
          assert.equal(match(pattern, `${topic}/more`) !== undefined, isOpen);
        },
      ),
    );
  });
});
