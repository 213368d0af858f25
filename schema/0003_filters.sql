-- What filters left out on a device's way to its places, and what its session now alive looks at (peer.rs). Bookmarks from
-- before know of no filter: nothing was left out.
ALTER TABLE bookmark ADD COLUMN left_out TEXT NOT NULL DEFAULT '';
ALTER TABLE bookmark ADD COLUMN offered_left_out TEXT NOT NULL DEFAULT '';
ALTER TABLE bookmark ADD COLUMN looking INTEGER NOT NULL DEFAULT 0;
