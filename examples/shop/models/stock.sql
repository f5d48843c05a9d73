-- An item sold is an item less in stock; where there are too few, products' check says no.
CREATE FUNCTION take_from_stock() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE products SET stock = stock - NEW.quantity WHERE id = NEW.product_id;
    RETURN NEW;
END
$$;

CREATE TRIGGER order_items_take_from_stock
AFTER INSERT ON order_items
FOR EACH ROW EXECUTE FUNCTION take_from_stock();
