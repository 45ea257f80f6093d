// The layouts of a gateway's database, oldest first. Owns every statement that makes or changes a table.

/**
 * SQL from one layout to the next; the database's user_version counts those that were run. A layout that was released is
 * never edited: a change is one more entry. Every row holds a body, and a SHA-256 of key and body, so that a row is whole or absent.
 */
export const migrations: readonly string[] = [
  `CREATE TABLE meta (key TEXT PRIMARY KEY, body BLOB NOT NULL, digest BLOB NOT NULL) STRICT;
   CREATE TABLE checkpoints (key INTEGER PRIMARY KEY, body BLOB NOT NULL, digest BLOB NOT NULL) STRICT;
   CREATE TABLE windows (key INTEGER PRIMARY KEY, body BLOB NOT NULL, digest BLOB NOT NULL) STRICT;
   CREATE TABLE alerts (key INTEGER PRIMARY KEY, body BLOB NOT NULL, digest BLOB NOT NULL) STRICT;
   CREATE TABLE outbox (key INTEGER PRIMARY KEY, body BLOB NOT NULL, digest BLOB NOT NULL) STRICT;
   CREATE TABLE counters (key TEXT PRIMARY KEY, body BLOB NOT NULL, digest BLOB NOT NULL) STRICT;
   CREATE TABLE facts (key TEXT PRIMARY KEY, body BLOB NOT NULL, digest BLOB NOT NULL) STRICT;`,
];
