-- By mistake: the release that is live still reads and writes the column.
ALTER TABLE projects DROP COLUMN repository_url;
