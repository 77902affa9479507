# ruff: noqa: RUF001 (letters of the languages themselves)
"""The headings that Exportify writes in languages other than English.

Exportify (exportify.app) writes its headings in the language of the browser. Source: the
translations in its repository (watsonbox/exportify, `src/i18n/locales`).
"""

TRANSLATED: dict[str, tuple[str, ...]] = {
    "track_id": (
        *("رابط الأغنية (URI)", "Track-URI", "URI κομματιού", "URI de la canción", "URI du titre"),
        *("URI della traccia", "トラックURI", "Nummer URI", "URI da faixa", "Låtens URI"),
        *("Parça URI", "曲目 URI", "歌 Link"),
    ),
    "track": (
        *("اسم الأغنية", "Track-Name", "Όνομα κομματιού", "Nombre de la canción", "Nom du titre"),
        *("Nome della traccia", "トラック名", "Nummernaam", "Nome da faixa", "Låtens namn"),
        *("Parça Adı", "曲目名称", "曲目名稱", "歌名"),
    ),
    "artist": (
        *("أسماء الفنانين", "Künstlername(n)", "Όνομα/τα καλλιτέχνη", "Nombre(s) del artista"),
        *("Nom(s) de l'artiste", "Nome dell'artista", "アーティスト名", "Naam van artiest"),
        *(
            "Nome(s) do artista",
            "Artistens namn",
            "Sanatçı Adı",
            "艺人名称",
            "藝人名稱",
            "Artist 名",
        ),
    ),
    "album": (
        *("اسم الألبوم", "Album-Name", "Όνομα άλμπουμ", "Nombre del álbum", "Nom de l'album"),
        *("Nome dell'album", "アルバム名", "Naam van album", "Nome do álbum", "Albumets namn"),
        *("Albüm Adı", "专辑名称", "專輯名稱", "專輯名"),
    ),
    "added": (
        *("أضيف في", "Hinzugefügt am", "Προστέθηκε στις", "Añadido en", "Ajouté le"),
        *("Aggiunto il", "追加日時", "Toegevoegd op", "Adicionado em", "Tillagd vid"),
        *("Eklenme Tarihi", "添加时间", "新增時間", "加入時間"),
    ),
    "duration_ms": (
        *("مدة الأغنية (بالمللي ثانية)", "Track-Dauer (ms)", "Διάρκεια κομματιού (ms)"),
        *("Duración de la canción (ms)", "Durée du titre (ms)", "Durata della traccia (ms)"),
        *("トラックの長さ（ミリ秒）", "Nummerduur (ms)", "Duração da faixa (ms)", "Låtlängd (ms)"),
        *("Parça Süresi (ms)", "曲目时长（毫秒）", "曲目長度（毫秒）", "曲目時長（毫秒）"),
    ),
    "danceability": (
        *("قابلية الرقص", "Tanzbarkeit", "Χορευτικότητα", "Bailabilidad", "Danseabilité"),
        *("Ballabilità", "ダンサビリティ", "Dansbaarheid", "Dançabilidade", "Dansbarhet"),
        *("Dans Edilebilirlik", "舞蹈性"),
    ),
    "energy": (
        *("الطاقة", "Energie", "Ενέργεια", "Energía", "Énergie", "Energia", "エネルギー", "Energi"),
        *("Enerji", "能量"),
    ),
    "key": (
        *(
            "المفتاح",
            "Tonart",
            "Τονικότητα",
            "Tonalidad",
            "Tonalité",
            "Chiave",
            "キー",
            "Toonsoort",
        ),
        *("Tonalidade", "Ton", "调性", "調性"),
    ),
    "loudness": (
        *("مستوى الصوت", "Lautstärke", "Ένταση", "Volumen", "Volume sonore", "Volume"),
        *("ラウドネス", "Luidheid", "Ljudstyrka", "Ses Seviyesi", "响度", "響度"),
    ),
    "mode": (
        *("النمط", "Modus", "Τρόπος", "Modo", "Modalità", "モード", "Läge", "Mod", "调式", "調式"),
    ),
    "speechiness": (
        *("محتوى الكلام", "Sprachanteil", "Ομιλητικότητα", "Hablado", "Parlabilité"),
        *("Linguaggio parlato", "スピーチ性", "Spraakzaamheid", "Oralidade", "Talighet"),
        *("Konuşma Oranı", "语音度", "語音度"),
    ),
    "acousticness": (
        *("الطابع الصوتي", "Akustik", "Ακουστικότητα", "Acústica", "Acoustique", "Acustica"),
        *("アコースティック性", "Akoestiek", "Akustiklik", "原声性", "原音性"),
    ),
    "instrumentalness": (
        *("الطابع الآلي", "Instrumentalität", "Οργανοκεντρικότητα", "Instrumentalidad"),
        *("Instrumental", "Strumentalità", "インストゥルメンタル性", "Instrumentaliteit"),
        *("Instrumentalidade", "Instrumentalhet", "Enstrümantalite", "器乐度", "器樂度"),
    ),
    "liveness": (
        *("الحيوية", "Lebendigkeit", "Ζωντάνια", "Vivacidad", "Vivacité", "Vivacità", "ライブ感"),
        *("Levendigheid", "Vivacidade", "Livlighet", "Canlılık", "现场感", "現場感"),
    ),
    "valence": (
        *("الإيجابية", "Valenz", "Θετικότητα", "Valencia", "Valenza", "感情値", "Valentie"),
        *("Valência", "Valens", "Duygusallık", "情绪效价", "情緒效價"),
    ),
    "tempo": ("الإيقاع", "Ρυθμός", "テンポ", "速度"),
    "time_signature": (
        *("توقيع الزمن", "Taktart", "Μέτρο", "Compás", "Mesure", "Battuta", "拍子", "Maatstreep"),
        *("Compasso", "Ölçü İşareti", "拍号", "拍號"),
    ),
}  # of each role, in the order of the languages where they differ
