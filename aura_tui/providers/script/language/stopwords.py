"""Function words by language, to detect the language of a text. Data only.

Covers the languages in Latin letters that have a voice. A word may belong to several languages.
"""

from __future__ import annotations

_LISTS = {
    "en": "the of and to in a is that for it as was with be by on not he his but at are this have "
    "from or had an they which one you were all her she there would their we him been has when who "
    "will no more if out so up into than them can only other time new some could these two may do "
    "any its your what about how also use used using each then most does many must such where why "
    "i my me our us just like very see get set add run make without between both over after before "
    "while because should here via per as don't doesn't isn't it's you're",
    "de": "der die und den von zu das mit sich des auf für ist im dem nicht ein eine als auch es "
    "an werden aus er hat dass sie nach wird bei einer einem einen eines um am sind noch wie über "
    "so zum war haben nur oder aber vor zur bis mehr durch man sein wurde kann wenn wir ich ihr "
    "was diese dieser dieses dann unter schon hier sowie ihre keine gegen zwischen können müssen "
    "muss soll gibt warum in",
    "fr": "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce "
    "il sont avec ou son aux elle comme nous vous mais cette ces ses leur sa même fait été être "
    "peut tout si deux je on y sans aussi entre dont où bien ils lorsque après avant très "
    "pourquoi comment quand chaque votre notre c'est qu'il n'est",
    "es": "de la que el en y a los se del las un por con no una su para es al lo como más o pero "
    "sus le ha me si sin sobre este ya entre cuando todo esta ser son dos también fue había era "
    "muy años hasta desde está mi porque qué sólo han yo hay vez puede todos así nos ni parte "
    "donde cómo cada estos estas usted nuestro",
    "it": "di e il la che in a per un è del non una con le della i si da dei alla al nel sono "
    "come più gli anche delle dal ha lo ma o se dell'a questo questa sua suo ai loro stato "
    "essere degli nella alle cui quando dalla tra era molto perché due può fra sul sulla "
    "dopo senza ogni quello poi così tutti tutto hanno ci cosa dove nostro l'uso c'è",
    "pt": "de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi "
    "ao ele das tem à seu sua ou ser quando muito há nos já está eu também só pelo pela até isso "
    "ela entre era depois sem mesmo aos seus quem nas me esse eles estão você essa num nem suas "
    "às foram pode são este esta sobre porque cada onde nosso",
    "nl": "de van een het en in is dat op te zijn met voor niet aan er om door ook als bij of "
    "uit nog naar dan maar over ze zich hij heeft worden wordt deze dit die kan meer geen was "
    "werd tot wat haar hun zo we ik je u wel kunnen moet zou had al na alle veel waar wie "
    "omdat tussen hoe onder tegen onze waarom jij",
    "sv": "och i att det som en på är av för med till den har de inte om ett han men var jag sig "
    "från vi så kan när år under också efter eller nu sin där vid mot ska skulle kommer ut får "
    "finns vara hade alla andra mycket än här då sedan över bara in blir upp man detta dessa "
    "mellan utan varför hur vad hon oss",
    "da": "og i at det er en til på som med for den af de ikke der et har har fra om men var jeg "
    "sig kan så vi ved efter eller også skal han blev være hvor nu over når mod ud bliver havde "
    "alle andre meget end her da siden kun op man dette disse mellem uden hvorfor hvordan hvad "
    "hun os mere nogle noget mange hvis sin denne blive lige",
    "nb": "og i det er på som en til for med at av den ikke de et har fra om men var jeg seg kan "
    "så vi ved etter eller også skal han ble være hvor nå over når mot ut blir hadde alle andre "
    "mye enn her da siden bare opp man dette disse mellom uten hvorfor hvordan hva hun oss mer "
    "noen noe mange hvis sin denne bli fordi deg meg",
    "pl": "w i na z się do nie to że jest o od po jak za przez a ale są dla tym co był jego czy "
    "tak być może już oraz tego ich które który która ma przy go także lub jej tylko było po "
    "pod ze we jako można aby gdy ten ta te gdzie bez między tej tych każdy też jeśli by nad "
    "dlaczego",
    "cs": "a v se na je že o s z do i to k ve pro za by jako ale po od jsou tak která který "
    "které jeho nebo až co však byl být pak už jen také jak když podle bylo byla mezi kde "
    "tím má před při tento této toto lze není si ze bez své všech může jsem pouze aby také "
    "proč každý ještě kteří protože",
    "sk": "a v sa na je že o s z do i to k vo pre za by ako ale po od sú tak ktorá ktorý ktoré "
    "jeho alebo až čo však bol byť už len aj keď podľa bolo bola medzi kde tým má pred pri "
    "tento táto toto nie si zo bez svoje všetkých môže som iba aby tiež prečo každý ešte",
    "hr": "i u je na se da za su od s a o iz koji koja koje kao do ne će to bi ili ali što po "
    "nije bio kako može sa samo uz te ako već biti bila sve pri nakon prema između kada gdje "
    "ovaj ova ovo još jer njegov svoje bez zašto",
    "tr": "ve bir bu da de için ile olarak çok daha olan gibi en kadar sonra ne ya ki var göre "
    "her olduğu mi veya ancak ise değil ama ben o şekilde taraf\u0131ndan yeni nas\u0131l ilk eğer "
    "olur yok iki üzere bunu sadece hem biz baz\u0131 şu böyle kendi bütün zaman diye neden "
    "aras\u0131nda önce mu mü",
    "fi": "ja on ei että oli se hän ovat myös mutta kun joka tai kuin niin ole mukaan sen jos "
    "voi vain jo ne tämä olla hänen nyt jotka sekä kanssa ollut vielä sitä mitä tämän sitten "
    "eivät ennen kuten jälkeen koska noin siitä kaikki miten miksi enemmän aina tässä voidaan "
    "jonka me mikä siis joiden joissa sillä",
    "ro": "de și în a la o cu pe care să nu din un că este mai se pentru sunt au ale al ce sau "
    "dar prin fi ca lui după fost această acest între cel cea până când le era sa său fără "
    "asupra poate foarte doar aceste unei unui îl îi iar dacă cum toate ei noi si sa ne "
    "unde",
    "hu": "a az és hogy nem is egy ez meg van volt el csak de ha már még mint fel mert kell "
    "vagy lehet minden azt ezt aki ami ki be pedig után majd nagy sem több nincs illetve "
    "olyan szerint akkor között úgy így amely amelyek ezek azok lesz való itt ott most "
    "voltak tehát miért hogyan",
    "id": "yang dan di dari untuk dengan pada ini itu dalam tidak adalah akan ke oleh juga atau "
    "sebagai dapat telah karena lebih ada bisa tersebut seperti saat hanya anda kami mereka "
    "secara saya harus satu jika bahwa agar sudah antara setelah banyak serta belum menjadi "
    "kita setiap lain tetapi hingga mengapa bagaimana",
    "vi": "và của là có được cho không những các một với trong người này để đã khi từ cũng ở "
    "vào đến về như sẽ bạn ra nếu hoặc trên nhiều tại thì còn theo do mà lại nó phải hơn "
    "rất nhưng đó hay sau bởi việc tôi chúng đang vì sao",
    "ca": "de la que i el a en els les un per amb no una és del es al com més per o però ha "
    "dels va seva seu també són ser hi aquest aquesta entre quan tot què molt fins des ja "
    "està perquè només han pel pels qual sense sobre cada on si ho",
}
# Small words inside names that an English text has, too: Rio de la Plata, Vincent van Gogh.
_IN_NAMES = "de la le les des du el los las del da do dos di van der den von y al en"
IN_NAMES = frozenset(_IN_NAMES.split())
WORDS: dict[str, frozenset[str]] = {tag: frozenset(words.split()) for tag, words in _LISTS.items()}
