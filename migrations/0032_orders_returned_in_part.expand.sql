-- Orders may be returned in part. The least total that an order was told of with counts, also of one that came to no points; of orders from before
-- it is not known, and need not be: what remains of them is held against the points that they earned.

ALTER TABLE earned_order
    ADD COLUMN total bigint CHECK (total >= 0), -- in millionths, without what does not earn; the least ever told of
    -- squawk-ignore adding-field-with-default
    ADD COLUMN returned_in_part bigint NOT NULL DEFAULT 0; -- points that the order no longer stands for, until it is returned whole

-- Whoever still writes as before keeps to what takes their place; and so does every row there is, which need not be looked at for it.
ALTER TABLE earned_order
    -- squawk-ignore ban-drop-constraint
    DROP CONSTRAINT earned_order_check2, -- taken only of what was returned whole
    -- squawk-ignore ban-drop-constraint
    DROP CONSTRAINT earned_order_check3; -- kept only if it earned or was returned
ALTER TABLE earned_order
    ADD CONSTRAINT earned_order_within CHECK (returned_in_part BETWEEN 0 AND points) NOT VALID,
    ADD CONSTRAINT earned_order_taken_of_returned CHECK ((returned_at IS NULL AND returned_in_part = 0) = (taken IS NULL)) NOT VALID,
    ADD CONSTRAINT earned_order_taken_within CHECK (taken <= points + welcome) NOT VALID,
    ADD CONSTRAINT earned_order_is_told CHECK (points > 0 OR returned_at IS NOT NULL OR total IS NOT NULL) NOT VALID;
