-- Pass ids are random, so that trying to compress a chunk of them gains nothing and costs most of what keeping it does.

ALTER TABLE campaign_chunk ALTER COLUMN pass_ids SET STORAGE EXTERNAL;
