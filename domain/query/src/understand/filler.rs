//! Words that say nothing of what is asked.

/// Phrases with commas between, in English and Hinglish.
pub(super) const FILLER: &str = "\
    somewhere, what, is, my, the, a, an, of, in, on, for, to, i, me, do, does, did, am, are, was, \
    were, be, been, has, had, it, its, that, this, these, those, so, far, total, overall, all, please, can, \
    could, you, we, our, us, from, with, at, as, how, money, amount, current, currently, present, \
    right, up till, since, till, until, there, there are, any, some, get, got me, received, receive, \
    paid, pay, pays, paying, came, come, aaya, aayi, aye, mila, mile, mili, hua, hui, hue, ho, gaya, \
    gayi, raha, rahe, rahi, tha, thi, ka, ki, ke, ko, se, mein, mai, par, pe, ne, kya, maine, mera, \
    meri, mere, mujhe, hamara, apna, apne, apni, wale, wala, wali, kisme, kis, kisne, jo, woh, wo, yeh, \
    ye, or, ya, bhi, toh, bhai, yaar, kiya, kiye, kar, karo, de, diya, dedo, chahiye tha, in total, \
    in terms of, terms, by how much, basis, figure, figures, number, numbers, now, data, report, \
    summary, details, detail, status, overview, info, information, develop, developed, evolve, evolved, \
    look, looking, looks, like, going, doing, do i have, actually, exactly, about, around, roughly, \
    approximately, entire, whole, complete, full, combined, together, who, whose, where, into, out, \
    still, already, yet, today as, stand, stands, stood, among, left, unused, remaining, remain, \
    available, used, limit, days, day, term, financial, year, years, month, months, week, weeks, \
    period, time, date, end, start, beginning, as of, as on, one, ones, them, they, their, each of, \
    rate of, level, because, then, hey, hi there, ok, okay, thanks, thank, hello there, dear, sir, \
    kindly, want, would like, need, know, find, calculate, tell, give, let, lets, check, much, many, \
    more, very, really, just now, ended, ending, year end, went, brought, bring, brought in, generated, \
    generate, gave, given, long, ab, kuch, sab, saare, sara, poora, pura, kul, totals, sum, st, nd, rd, \
    th, hisab, hisaab, haal, if, by when, trading, traded at, bought at, at what, yours, truly, \
    lakh limit, under which, via, through, using, at which, on which, per cent of, percent of, \
    every single, single, wise breakup, ltd, limited, inc, whatever, others, other, another, thru, \
    mine, ours, would, such, same, both, bit, being, again, along, always, away, back, basically, \
    before i, considering, counting, curious, currently as, even, else, ever since i, everyone, \
    finally, from my, further, generally, getting, given that, gone, going on, good morning, hello ji, \
    here, hmm, however, im, ive, whats, hows, id, indeed, instead, itself, just tell, keep, kind, \
    kindly tell, last, lately, literally, little, lying, major part, make it, may, maybe, might, \
    must be, my own, myself, near, nearly, never mind, nice, off, oh, old, once, onto, \
    our own, overall how, own money, particular, perhaps, plz, pls, please tell, possible, \
    put together, quick, quickly, quite, rather, recent, recently, regarding, respect, respectively, \
    result, say, says, saying, seem, seems, shall be, simply, since when, sitting, small, sort, sorted, \
    sort of, speaking, specific, specifically, suppose, sure, talking, than that, that is, thing, \
    think of, this is, those that, though, thus, tiny, took, toward, towards, try, type, u, um, unto, \
    ur, usually, various, versus what, view, viz, wanna, wanted, well, were there, what all, whats up, \
    whatsoever, when i, whenever, whereas, whether, while, wise view, within, wondering, word, words, \
    work, works, ya know, yes, you know, your, yourself, actual, added up, adding, add up, altogether, \
    apiece, array, ask, bring up, bringing, by any chance, called, case, chunk, come out, coming, \
    contribute, contributed, contribution, current status, fetch, folks, for me, full list, get me, \
    going by, hand, hands, head, here is, hold of, hope, idea, in fact, in my, including, inclusive, \
    involved, kindly share, lined up, made up, make up, makes up, making up, managed, mean, means, \
    mention, moment, net of, note, of all, open, open up, out of, part, parts, people, piece, pieces, \
    place, point, position wise, pull, pull up, puts, question, running, share with, sitting there, \
    stuff, take, taken, takes, taking, thats, the most recent, tot, track, turned, turned out, \
    turn out, was it, ways, what about my, which ones, work out, worked, worked out, run, ran, guys, \
    buddy, friend, team, app, kitemate, account mein, accounts mein, jin, jis, jinme, jisme, unme, \
    usme, isme, isse, usse, unka, uska, iska, inka, unke, uske, iske, inke, dono, teeno, milake, \
    milakar, mila ke, mila kar, chal, chala, chale, chali, chal raha, chal rahe, hone, hona, hoga, \
    hogi, honge, bache, bacha, bachi, baki, baaki, pada hai, wahan, yahan, waha, yaha, kaise, kaisa, \
    kaisi, kahan, kaha, lekar, leke, liye, ke liye, hisse, waise, matlab, zara, jara, thoda, thode, \
    bolo, boliye, bataiye, bataye, bataao, samjhao, dekho, dekhna, dekh, dikhaiye, dikhaye, jaldi, \
    chuka, chuki, chuke, gaye, jata, jati, jate, jaa, ja, aa, aur kitna, hum, humne, humara, humare, \
    hamare, hamari, tumhare, aap, aapke, ji, haan, na, kabhi, phir, fir, lag raha, saath, \
    sath, sahit, milkar, overall mein, wagairah, vagaira, etc, maal, saman, paisa, paise, paisey, \
    rakam, kul milakar, kul mila ke, andar, bahar, hisab se, tarah, kitna kitna, kis kis, \
    kaunsi kaunsi, konsi, kon, kon se, konse konse, jitna, jitne, utna, cashed, cashed out, wud, cud, \
    wuld, banti, banta, bante, wats, whts, wht, koi, kin, kinhe, credited, credit, calendar, \
    calendar year, slice, rest, the rest, remainder, sit, sits, friday ko, per annum, figures of, \
    how would, be worth of, dekh lo, please check, everything at, if i, current prices, todays prices, \
    at current prices, at market prices, at todays prices, as it stands, in the market, tell me about, \
    ones that, of them, of these, of those, out there, in there, up there, i am, i have, we have, \
    do we have, there in, number wise, value wise, each and every, in hand, jod, jod ke, jodkar, gin, \
    gin ke, ginkar, wat, si, jinka, jinki, jinke, dene, dene me, aage, aane, rukna, padega, padta, \
    baar, nikla, nikli, nikle, na bhai, lagbhag, total mila, in total i, date me, ki date, tarikh, \
    isse upar, kaisa raha, kaisi rahi, saari, saara, sabhi, sabka, sabki, un, jo jo, wo wo, be it, \
    as such, snapshot, breakdown of, so on, per se, of course, can u, plz tell, gimme, lemme, dude, \
    man, hai na, ho gaya hai, ho chuka, ho chuki, dikh raha, dikhta, aata, aati, ata, jaise, matlab ki, \
    yaani, yani, sidha, seedha";
