-- Expand only: releases that do not know the column still insert.
ALTER TABLE projects ADD COLUMN status text NOT NULL DEFAULT 'new';
