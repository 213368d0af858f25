-- The folder a record is in, in collections that have folders; NULL for none, and for tombstones.
ALTER TABLE record ADD COLUMN parent TEXT;
-- Whether a folder is empty; what is in none pays nothing.
CREATE INDEX record_parent ON record (account, collection, parent) WHERE parent IS NOT NULL;
