-- What users work on: one row a project.
CREATE TABLE projects (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  repository_url text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX projects_by_age ON projects (created_at DESC, id);
