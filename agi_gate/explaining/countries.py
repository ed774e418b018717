"""Names of countries by ISO 3166, in English and in Italian.  Those that are not here keep their code."""

from __future__ import annotations

COUNTRIES = {
    "001": ("of no one country", "di nessun Paese in particolare"),
    "AE": ("United Arab Emirates", "Emirati Arabi Uniti"), "AL": ("Albania", "Albania"), "AR": ("Argentina", "Argentina"),
    "AT": ("Austria", "Austria"), "AU": ("Australia", "Australia"), "BA": ("Bosnia and Herzegovina", "Bosnia ed Erzegovina"),
    "BE": ("Belgium", "Belgio"), "BG": ("Bulgaria", "Bulgaria"), "BR": ("Brazil", "Brasile"), "CA": ("Canada", "Canada"),
    "CH": ("Switzerland", "Svizzera"), "CN": ("China", "Cina"), "CY": ("Cyprus", "Cipro"), "CZ": ("Czechia", "Cechia"),
    "DE": ("Germany", "Germania"), "DK": ("Denmark", "Danimarca"), "EE": ("Estonia", "Estonia"), "EG": ("Egypt", "Egitto"),
    "ES": ("Spain", "Spagna"), "FI": ("Finland", "Finlandia"), "FR": ("France", "Francia"),
    "GB": ("United Kingdom", "Regno Unito"), "GR": ("Greece", "Grecia"), "HR": ("Croatia", "Croazia"),
    "HU": ("Hungary", "Ungheria"), "IE": ("Ireland", "Irlanda"), "IN": ("India", "India"), "IS": ("Iceland", "Islanda"),
    "IT": ("Italy", "Italia"), "LI": ("Liechtenstein", "Liechtenstein"), "LT": ("Lithuania", "Lituania"),
    "LU": ("Luxembourg", "Lussemburgo"), "LV": ("Latvia", "Lettonia"), "MA": ("Morocco", "Marocco"),
    "MC": ("Monaco", "Monaco"), "MD": ("Moldova", "Moldavia"), "ME": ("Montenegro", "Montenegro"),
    "MK": ("North Macedonia", "Macedonia del Nord"), "MT": ("Malta", "Malta"), "NL": ("Netherlands", "Paesi Bassi"),
    "NO": ("Norway", "Norvegia"), "PL": ("Poland", "Polonia"), "PT": ("Portugal", "Portogallo"), "RO": ("Romania", "Romania"),
    "RS": ("Serbia", "Serbia"), "RU": ("Russia", "Russia"), "SE": ("Sweden", "Svezia"), "SI": ("Slovenia", "Slovenia"),
    "SK": ("Slovakia", "Slovacchia"), "SM": ("San Marino", "San Marino"), "TN": ("Tunisia", "Tunisia"),
    "TR": ("Türkiye", "Turchia"), "UA": ("Ukraine", "Ucraina"), "US": ("United States", "Stati Uniti"),
    "VA": ("Vatican City", "Città del Vaticano"), "XK": ("Kosovo", "Kosovo"),
}
