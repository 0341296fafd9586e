"""Invented people's names and addresses: diverse, plausible, each given once.

No name here is also a common English or technical word, so that finding one in a log means
that a person leaked into it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from random import Random

_FIRST = """
Adaeze Agnieszka Ahmed Aisling Akiko Alasdair Alejandra Aleksander Amara Amelie Anaïs Andrzej
Anneliese Antoine Aoife Arjun Astrid Ayesha Beatriz Benedikt Bogdan Bronwyn Caoimhe Catalina
Chiamaka Chidi Claudia Clémence Cordelia Dagmar Damola Daniela Deepika Desmond Dimitra Dorothea
Ebele Eilidh Ekaterina Eleanor Elif Emeka Esperanza Fabienne Farouk Fatima Federico Fenella Fiona
Florian Folake Francesca Gabriela Gareth Gerlinde Giulia Goran Graciela Gwendolyn Hamza Hannelore
Harriet Haruto Hedwig Heloise Hiroshi Ifeoma Imogen Ines Ingrid Isabela Ishaan Itzel Jamila Javier
Jiyeon Joaquin Jolanta Kamala Katarzyna Kenji Khadija Kofi Kwame Lakshmi Laszlo Leilani Liesel
Lorcan Ludmila Magdalena Malik Manuela Marisol Matthias Meera Mehmet Milena Minh Mirela Nadia
Natasha Ngozi Niamh Nikhil Ottilie Padraig Parisa Pilar Priya Quentin Rafaela Rajesh Rania
Rhiannon Rosalind Ruairi Samira Sanjay Saoirse Seung Shreya Sibusiso Siobhan Stefania Suleiman
Svetlana Tamsin Tariq Thandiwe Theodora Tomasz Ulrike Valentina Venkat Vikram Wilhelmina Winifred
Xiaoming Xiomara Yannick Yasmin Yevgenia Yusuf Zainab Zofia
"""

FIRST_NAMES = tuple(_FIRST.split())

_LAST = """
Abernathy Achebe Adeyemi Ahlgren Aldridge Almeida Andersson Asante Ashdown Bakshi Balogun Banerjee
Barrowman Beauchamp Bergström Bhattacharya Blackwood Bjornstad Bonaventura Brannigan Brzezinski
Buchanan Calloway Carmichael Castellanos Chakraborty Chaudhry Chowdhury Coughlan Cunningham
Dabrowski Delacroix Delgado Devereux Diallo Dimitriou Donnelly Drummond Dubois Eichendorff Ekwueme
Elsworth Eriksen Escobar Fairweather Falkenberg Farquhar Featherstone Fernandes Fitzgerald
Fontaine Fujimoto Gallagher Ghosh Giannopoulos Goldstein Greenhalgh Guerrero Haddad Hargreaves
Hashimoto Hathersage Heffernan Hendricks Hofstetter Holloway Horvath Huang Ibrahim Iwasaki
Jankowski Jayawardena Johansson Kapoor Kariuki Kavanagh Khumalo Kilbride Kowalczyk Krishnan Kruger
Lagerfeldt Lamothe Leclerc Liebermann Lindqvist Lombardi MacAllister Mackintosh Maheshwari
Marchetti Markovic Mbeki McAllister McGillicuddy Mehrotra Mendoza Mihailescu Montague Moreau
Mukherjee Nakamura Narayanan Ndlovu Nguyen Nightingale Nwosu Oberholzer Ochieng Odhiambo Okafor
Okonkwo Olawale Oppenheimer Osei Ostrowski Oyelaran Pacheco Palaniappan Papadakis Pellegrino
Pemberton Petrov Pfeiffer Pumphrey Qureshi Radcliffe Rahman Ramanathan Ravenscroft Restrepo
Rosenthal Rutherford Sadowski Salazar Satterthwaite Schönfeld Sedgwick Senanayake Shapiro Siddiqui
Skovgaard Soderberg Somerville Stavros Steinbach Sutherland Szymanski Takahashi Thistlethwaite
Thornbury Tomlinson Trelawney Tshabalala Udechukwu Uzoma Vandenberg Vasquez Venkataraman
Villanueva Vogelsang Wadhwa Wakefield Weatherby Weissmann Whitcombe Wickramasinghe Winterbourne
Wojciechowski Yamamoto Yilmaz Zabrowski Zeitlin Zhang Zimmermann
"""

LAST_NAMES = tuple(_LAST.split())

MIDDLE_INITIALS = "ABCDEFGHJKLMNOPRSTVW"


def names_and_mails(rng: Random, domain: str) -> Iterator[tuple[str, str]]:
    """Endless pairs of a display name and its address under ``domain``, none of them twice.

    A name that was given before gets middle initials, so the addresses of namesakes differ only by
    a letter, as in real firms.
    """
    taken: set[str] = set()
    while True:
        first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
        middle: list[str] = []
        while (local := _local_part(first, *middle, last)) in taken:
            middle.append(rng.choice(MIDDLE_INITIALS))
        taken.add(local)
        yield " ".join((first, *(f"{letter}." for letter in middle), last)), f"{local}@{domain}"


def _local_part(*words: str) -> str:
    plain = unicodedata.normalize("NFKD", ".".join(words))
    return plain.encode("ascii", "ignore").decode().lower()
