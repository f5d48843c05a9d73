# Kind/MatView.pm: materialized views; their indexes are of kind Index.
package Property::Kind::MatView;

use v5.36;
use utf8;

use parent -norequire, 'Property::Kind::View';

use Property::Kind::View;

sub has_options ($class) { return 0; }
sub keyword ($class) { return 'MATERIALIZED VIEW'; }

sub tail ($class, $view)
{
	return $view->{id} % 4 ? '' : ' WITH NO DATA';
}

1;
