An index goes from one operator class to another over operators that are made anew.
-- A
CREATE FUNCTION public.abs_cmp(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT sign(abs($1) - abs($2))::int';
CREATE FUNCTION public.abs_lt(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT abs($1) < abs($2)';
CREATE FUNCTION public.abs_le(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT abs($1) <= abs($2)';
CREATE FUNCTION public.abs_eq(int, int) RETURNS bool LANGUAGE sql IMMUTABLE STRICT AS 'SELECT abs($1) = abs($2)';
CREATE FUNCTION public.abs_ge(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT abs($1) >= abs($2)';
CREATE FUNCTION public.abs_gt(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT abs($1) > abs($2)';
CREATE OPERATOR public.<# (LEFTARG = int, RIGHTARG = int, FUNCTION = public.abs_lt, COMMUTATOR = OPERATOR(public.>#), NEGATOR = OPERATOR(public.>=#), RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR public.<=# (LEFTARG = int, RIGHTARG = int, FUNCTION = public.abs_le);
CREATE OPERATOR public.=# (LEFTARG = int, RIGHTARG = int, FUNCTION = public.abs_eq, COMMUTATOR = OPERATOR(public.=#), HASHES, MERGES, RESTRICT = eqsel);
CREATE OPERATOR public.>=# (LEFTARG = int, RIGHTARG = int, FUNCTION = public.abs_ge, NEGATOR = OPERATOR(public.<#));
CREATE OPERATOR public.># (LEFTARG = int, RIGHTARG = int, FUNCTION = public.abs_gt, COMMUTATOR = OPERATOR(public.<#));
CREATE OPERATOR FAMILY public.fam USING btree;
CREATE OPERATOR CLASS public.abs_ops FOR TYPE text USING btree FAMILY public.fam AS FUNCTION 1 bttextcmp(text, text), OPERATOR 1 <(text,text), OPERATOR 2 <= (text,text), OPERATOR 3 = (text,text), OPERATOR 4 >= (text,text), OPERATOR 5 >(text,text);
CREATE OPERATOR CLASS public.abs2_ops FOR TYPE int USING btree FAMILY public.fam AS OPERATOR 1 public.<#, OPERATOR 2 public.<=#, OPERATOR 3 public.=#, OPERATOR 4 public.>=#, OPERATOR 5 public.>#, FUNCTION 1 public.abs_cmp(int, int);
CREATE TABLE public.t (a int, b int);
CREATE INDEX ti ON public.t (a public.abs2_ops DESC, b);
COMMENT ON OPERATOR CLASS public.abs2_ops USING btree IS 'abs';
COMMENT ON OPERATOR public.<#(int, int) IS 'less';
-- B
CREATE FUNCTION public.abs_cmp(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT sign(abs($1) - abs($2))::int';
CREATE FUNCTION public.abs_lt(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT abs($1) < abs($2)';
CREATE FUNCTION public.abs_le(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT abs($1) <= abs($2)';
CREATE FUNCTION public.abs_eq(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT abs($1) = abs($2)';
CREATE FUNCTION public.abs_ge(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT abs($1) >= abs($2)';
CREATE FUNCTION public.abs_gt(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT abs($1) > abs($2)';
CREATE OPERATOR public.<# (LEFTARG = int, RIGHTARG = int, FUNCTION = public.abs_lt, COMMUTATOR = OPERATOR(public.>#));
CREATE OPERATOR public.<=# (LEFTARG = int, RIGHTARG = int, FUNCTION = public.abs_le);
CREATE OPERATOR public.=# (LEFTARG = int, RIGHTARG = int, FUNCTION = public.abs_eq, COMMUTATOR = OPERATOR(public.=#), MERGES);
CREATE OPERATOR public.>=# (LEFTARG = int, RIGHTARG = int, FUNCTION = public.abs_ge);
CREATE OPERATOR public.># (LEFTARG = int, RIGHTARG = int, FUNCTION = public.abs_gt, COMMUTATOR = OPERATOR(public.<#));
CREATE OPERATOR FAMILY public.fam USING btree;
CREATE OPERATOR CLASS public.abs_ops FOR TYPE int USING btree FAMILY public.fam AS OPERATOR 1 public.<#, OPERATOR 2 public.<=#, OPERATOR 3 public.=#, OPERATOR 4 public.>=#, OPERATOR 5 public.>#, FUNCTION 1 public.abs_cmp(int, int);
CREATE TABLE public.t (a int, b int);
CREATE INDEX ti ON public.t (a public.abs_ops DESC, b);
