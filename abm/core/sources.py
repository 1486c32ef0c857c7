"""Sources: every publication the toolkit takes a claim, a model or a number from, and how it was seen.

What methods were taken from, graphs, random numbers and calibration, is in sources_of_methods.py.

Volume, pages and doi are given only where they were checked.
"""

from __future__ import annotations

from abm.core import sources_of_methods
from abm.core.citations import Source


def catalogue() -> dict[str, Source]:
    """Return all sources by key, in the order of this file, those of methods last."""
    both = (*globals().values(), *vars(sources_of_methods).values())
    return {source.key: source for source in both if isinstance(source, Source)}


# The toolkit itself
PROTOTYPE = Source("PROTOTYPE", "the toolkit's own prototype calibration", "text")

# Satisfaction, expectation, trust, commitment
ANDERSON_SULLIVAN_1993 = Source(
    "ANDERSON_SULLIVAN_1993",
    "Anderson & Sullivan 1993, Marketing Science 12(2):125–143",
    "abstract",
    "10.1287/mksc.12.2.125",
)
OLIVER_1980 = Source("OLIVER_1980", "Oliver 1980, Journal of Marketing Research", "memory")
BOLTON_1998 = Source(
    "BOLTON_1998",
    "Bolton 1998, Marketing Science 17(1):45–65",
    "abstract",
    "10.1287/mksc.17.1.45",
)
RUST_OLIVER_2000 = Source(
    "RUST_OLIVER_2000",
    "Rust & Oliver 2000, Journal of the Academy of Marketing Science",
    "memory",
)
TVERSKY_KAHNEMAN_1992 = Source(
    "TVERSKY_KAHNEMAN_1992",
    "Tversky & Kahneman 1992, Journal of Risk and Uncertainty 5:297–323",
    "memory",
    "10.1007/BF00122574",
)
SZYMANSKI_HENARD_2001 = Source(
    "SZYMANSKI_HENARD_2001",
    "Szymanski & Henard 2001, Journal of the Academy of Marketing Science",
    "abstract",
)
BOULDING_1993 = Source("BOULDING_1993", "Boulding et al. 1993, Journal of Marketing Research", "memory")
FORNELL_1996 = Source(
    "FORNELL_1996",
    "Fornell et al. 1996, Journal of Marketing (American Customer Satisfaction Index)",
    "abstract",
)
MITTAL_KAMAKURA_2001 = Source(
    "MITTAL_KAMAKURA_2001",
    "Mittal & Kamakura 2001, Journal of Marketing Research",
    "abstract",
)
JONES_SASSER_1995 = Source("JONES_SASSER_1995", "Jones & Sasser 1995, Harvard Business Review", "abstract")
REICHHELD_2003 = Source("REICHHELD_2003", "Reichheld 2003, Harvard Business Review", "memory")
KEININGHAM_2007 = Source("KEININGHAM_2007", "Keiningham et al. 2007, Journal of Marketing 71(3):39–51", "abstract")
SLOVIC_1993 = Source("SLOVIC_1993", "Slovic 1993, Risk Analysis", "memory")
MORGAN_HUNT_1994 = Source("MORGAN_HUNT_1994", "Morgan & Hunt 1994, Journal of Marketing", "memory")
PALMATIER_2006 = Source("PALMATIER_2006", "Palmatier et al. 2006, Journal of Marketing", "abstract")
DICK_BASU_1994 = Source(
    "DICK_BASU_1994",
    "Dick & Basu 1994, Journal of the Academy of Marketing Science",
    "memory",
)

# Word of mouth, contagion, diffusion
ANDERSON_1998 = Source("ANDERSON_1998", "Anderson 1998, Journal of Service Research", "abstract")
EAST_HAMMOND_WRIGHT_2007 = Source(
    "EAST_HAMMOND_WRIGHT_2007",
    "East, Hammond & Wright 2007, International Journal of Research in Marketing",
    "abstract",
)
EAST_HAMMOND_LOMAX_2008 = Source(
    "EAST_HAMMOND_LOMAX_2008",
    "East, Hammond & Lomax 2008, International Journal of Research in Marketing",
    "abstract",
)
GOLDENBERG_LIBAI_MULLER_2001 = Source(
    "GOLDENBERG_LIBAI_MULLER_2001",
    "Goldenberg, Libai & Muller 2001, Marketing Letters 12(3):211–223",
    "abstract",
    "10.1023/A:1011122126881",
)
NITZAN_LIBAI_2011 = Source("NITZAN_LIBAI_2011", "Nitzan & Libai 2011, Journal of Marketing", "abstract")
SCHMITT_SKIERA_VAN_DEN_BULTE_2011 = Source(
    "SCHMITT_SKIERA_VAN_DEN_BULTE_2011",
    "Schmitt, Skiera & Van den Bulte 2011, Journal of Marketing",
    "abstract",
)
DE_MATOS_ROSSI_2008 = Source(
    "DE_MATOS_ROSSI_2008",
    "de Matos & Rossi 2008, Journal of the Academy of Marketing Science",
    "abstract",
)
BASS_1969 = Source(
    "BASS_1969",
    "Bass 1969, Management Science 15(5):215–227",
    "secondary",
    "10.1287/mnsc.15.5.215",
)

# Choice, switching, defection
GUADAGNI_LITTLE_1983 = Source("GUADAGNI_LITTLE_1983", "Guadagni & Little 1983, Marketing Science", "memory")
JAIN_VILCASSIM_CHINTAGUNTA_1994 = Source(
    "JAIN_VILCASSIM_CHINTAGUNTA_1994",
    "Jain, Vilcassim & Chintagunta 1994, Journal of Business & Economic Statistics (panels in R's Ecdat)",
    "secondary",
)
BIJMOLT_VAN_HEERDE_PIETERS_2005 = Source(
    "BIJMOLT_VAN_HEERDE_PIETERS_2005",
    "Bijmolt, van Heerde & Pieters 2005, Journal of Marketing Research 42(2):141–156",
    "abstract",
)
SETHURAMAN_TELLIS_BRIESCH_2011 = Source(
    "SETHURAMAN_TELLIS_BRIESCH_2011",
    "Sethuraman, Tellis & Briesch 2011, Journal of Marketing Research",
    "abstract",
)
NERLOVE_ARROW_1962 = Source("NERLOVE_ARROW_1962", "Nerlove & Arrow 1962, Economica", "memory")
MCFADDEN_1974 = Source("MCFADDEN_1974", "McFadden 1974, in Frontiers in Econometrics", "memory")
RUST_LEMON_ZEITHAML_2004 = Source(
    "RUST_LEMON_ZEITHAML_2004",
    "Rust, Lemon & Zeithaml 2004, Journal of Marketing",
    "memory",
)
BURNHAM_FRELS_MAHAJAN_2003 = Source(
    "BURNHAM_FRELS_MAHAJAN_2003",
    "Burnham, Frels & Mahajan 2003, Journal of the Academy of Marketing Science",
    "abstract",
)
PICK_EISEND_2014 = Source(
    "PICK_EISEND_2014",
    "Pick & Eisend 2014, Journal of the Academy of Marketing Science",
    "abstract",
    "10.1007/s11747-013-0349-2",
)
JACKSON_1985 = Source("JACKSON_1985", "Jackson 1985, Winning and Keeping Industrial Customers", "memory")
DWYER_1989 = Source("DWYER_1989", "Dwyer 1989, Journal of Direct Marketing (reprinted 1997)", "memory")
THOMAS_BLATTBERG_FOX_2004 = Source(
    "THOMAS_BLATTBERG_FOX_2004",
    "Thomas, Blattberg & Fox 2004, Journal of Marketing Research",
    "abstract",
)
KUMAR_BHAGWAT_ZHANG_2015 = Source(
    "KUMAR_BHAGWAT_ZHANG_2015", "Kumar, Bhagwat & Zhang 2015, Journal of Marketing", "abstract"
)
ASCARZA_IYENGAR_SCHLEICHER_2016 = Source(
    "ASCARZA_IYENGAR_SCHLEICHER_2016",
    "Ascarza, Iyengar & Schleicher 2016, Journal of Marketing Research",
    "abstract",
)
ASCARZA_2018 = Source("ASCARZA_2018", "Ascarza 2018, Journal of Marketing Research", "memory")
HIRSCHMAN_1970 = Source("HIRSCHMAN_1970", "Hirschman 1970, Exit, Voice, and Loyalty", "memory")
FORNELL_WERNERFELT_1987 = Source(
    "FORNELL_WERNERFELT_1987", "Fornell & Wernerfelt 1987, Journal of Marketing Research", "memory"
)
ORSINGHER_2010 = Source(
    "ORSINGHER_2010",
    "Orsingher, Valentini & de Angelis 2010, Journal of the Academy of Marketing Science",
    "abstract",
)
GELBRICH_ROSCHK_2011 = Source("GELBRICH_ROSCHK_2011", "Gelbrich & Roschk 2011, Journal of Service Research", "abstract")
DE_MATOS_2007 = Source("DE_MATOS_2007", "de Matos, Henrique & Rossi 2007, Journal of Service Research", "abstract")
SMITH_BOLTON_WAGNER_1999 = Source(
    "SMITH_BOLTON_WAGNER_1999", "Smith, Bolton & Wagner 1999, Journal of Marketing Research", "memory"
)
KNOX_VAN_OEST_2014 = Source("KNOX_VAN_OEST_2014", "Knox & van Oest 2014, Journal of Marketing", "abstract")
BOLTON_KANNAN_BRAMLETT_2000 = Source(
    "BOLTON_KANNAN_BRAMLETT_2000",
    "Bolton, Kannan & Bramlett 2000, Journal of the Academy of Marketing Science",
    "abstract",
)
KEAVENEY_1995 = Source("KEAVENEY_1995", "Keaveney 1995, Journal of Marketing", "abstract")
HOGAN_LEMON_LIBAI_2003 = Source(
    "HOGAN_LEMON_LIBAI_2003",
    "Hogan, Lemon & Libai 2003, Journal of Service Research 5(3):196–208",
    "abstract",
)

# Waiting
MAISTER_1985 = Source(
    "MAISTER_1985", "Maister 1985, The Psychology of Waiting Lines, in The Service Encounter", "secondary"
)
ANTONIDES_2002 = Source(
    "ANTONIDES_2002", "Antonides, Verhoef & van Aalst 2002, Journal of Consumer Psychology", "abstract"
)
PRUYN_SMIDTS_1999 = Source("PRUYN_SMIDTS_1999", "Pruyn & Smidts 1999, Advances in Consumer Research", "abstract")

# Loyalty programmes
KIVETZ_URMINSKY_ZHENG_2006 = Source(
    "KIVETZ_URMINSKY_ZHENG_2006",
    "Kivetz, Urminsky & Zheng 2006, Journal of Marketing Research 43:39–58",
    "abstract",
)
NUNES_DREZE_2006 = Source(
    "NUNES_DREZE_2006",
    "Nunes & Drèze 2006, Journal of Consumer Research 32:504–512",
    "abstract",
)
DREZE_NUNES_2009 = Source("DREZE_NUNES_2009", "Drèze & Nunes 2009, Journal of Consumer Research", "abstract")
WAGNER_HENNIG_THURAU_RUDOLPH_2009 = Source(
    "WAGNER_HENNIG_THURAU_RUDOLPH_2009",
    "Wagner, Hennig-Thurau & Rudolph 2009, Journal of Marketing",
    "abstract",
)
LEENHEER_2007 = Source(
    "LEENHEER_2007",
    "Leenheer et al. 2007, International Journal of Research in Marketing 24:31–47",
    "abstract",
)
LIU_2007 = Source("LIU_2007", "Liu 2007, Journal of Marketing", "abstract")
TAYLOR_NESLIN_2005 = Source("TAYLOR_NESLIN_2005", "Taylor & Neslin 2005, Journal of Retailing", "memory")
GODFREY_SEIDERS_VOSS_2011 = Source(
    "GODFREY_SEIDERS_VOSS_2011", "Godfrey, Seiders & Voss 2011, Journal of Marketing", "memory"
)
MEYER_WAARDEN_2007 = Source("MEYER_WAARDEN_2007", "Meyer-Waarden 2007, Journal of Retailing", "abstract")
STEINHOFF_PALMATIER_2014 = Source(
    "STEINHOFF_PALMATIER_2014",
    "Steinhoff & Palmatier 2014, Journal of the Academy of Marketing Science",
    "abstract",
)
SCHUMANN_2014 = Source("SCHUMANN_2014", "Schumann et al. 2014, Journal of Retailing", "abstract")

# Buying behaviour and customer value
EHRENBERG_1959 = Source("EHRENBERG_1959", "Ehrenberg 1959, Applied Statistics", "memory")
EHRENBERG_1988 = Source(
    "EHRENBERG_1988",
    "Ehrenberg 1988, Repeat-Buying: Facts, Theory and Applications",
    "secondary",
)
GOODHARDT_EHRENBERG_CHATFIELD_1984 = Source(
    "GOODHARDT_EHRENBERG_CHATFIELD_1984",
    "Goodhardt, Ehrenberg & Chatfield 1984, Journal of the Royal Statistical Society A 147(5):621–655",
    "secondary",
)
SCHMITTLEIN_MORRISON_COLOMBO_1987 = Source(
    "SCHMITTLEIN_MORRISON_COLOMBO_1987",
    "Schmittlein, Morrison & Colombo 1987, Management Science 33(1):1–24",
    "secondary",
    "10.1287/mnsc.33.1.1",
)
FADER_HARDIE_LEE_2005 = Source(
    "FADER_HARDIE_LEE_2005",
    "Fader, Hardie & Lee 2005, Marketing Science 24(2):275–284",
    "secondary",
    "10.1287/mksc.1040.0098",
)
FADER_HARDIE_2007 = Source(
    "FADER_HARDIE_2007",
    "Fader & Hardie 2007, How to Project Customer Retention, Journal of Interactive Marketing 21(1):76–90",
    "secondary",
)
BATISLAM_DENIZEL_FILIZTEKIN_2007 = Source(
    "BATISLAM_DENIZEL_FILIZTEKIN_2007",
    "Batislam, Denizel & Filiztekin 2007, International Journal of Research in Marketing",
    "secondary",
)
FADER_HARDIE_SHANG_2010 = Source(
    "FADER_HARDIE_SHANG_2010",
    "Fader, Hardie & Shang 2010, Customer-Base Analysis in a Discrete-Time Noncontractual Setting, Marketing Science",
    "secondary",
)
FADER_HARDIE_2013 = Source(
    "FADER_HARDIE_2013",
    "Fader & Hardie 2013, The Gamma-Gamma Model of Monetary Value (note 025)",
    "secondary",
)
BERGER_NASR_1998 = Source(
    "BERGER_NASR_1998",
    "Berger & Nasr 1998, Journal of Interactive Marketing",
    "memory",
)

GUPTA_LEHMANN_STUART_2004 = Source(
    "GUPTA_LEHMANN_STUART_2004",
    "Gupta, Lehmann & Stuart 2004, Journal of Marketing Research",
    "abstract",
)
CURRY_CURRY_2000 = Source("CURRY_CURRY_2000", "Curry & Curry 2000, the customer pyramid", "secondary")
ZEITHAML_RUST_LEMON_2001 = Source(
    "ZEITHAML_RUST_LEMON_2001",
    "Zeithaml, Rust & Lemon 2001, California Management Review",
    "abstract",
)
