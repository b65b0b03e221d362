/** A database's schema before a migration runs: one of everything that a migration could touch. */
export const OLD_SCHEMA = `
CREATE TYPE state AS ENUM ('new', 'old');
CREATE DOMAIN address AS text CHECK (value LIKE '%@%');
CREATE TABLE owners (id uuid PRIMARY KEY);
CREATE TABLE projects (
  id uuid PRIMARY KEY,
  name text DEFAULT '',
  owner uuid,
  number int NOT NULL,
  CONSTRAINT is_named CHECK (name IS NOT NULL)
);
CREATE INDEX by_number ON projects (number);
CREATE UNIQUE INDEX one_name ON projects (name, number);
CREATE TABLE measured (year int) PARTITION BY RANGE (year);
CREATE MATERIALIZED VIEW totals AS SELECT count(*) AS projects FROM projects;
CREATE SEQUENCE s;
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT n + n';
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
`;
