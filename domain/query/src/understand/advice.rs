//! Questions that ask for advice, which nobody gives here.

use super::tokens::Token;

/// Phrases that ask what to do, or what will happen. The words of one stand next to each other.
const PHRASES: &str = "चाहिए, सलाह, राय दो, बेचूं, बेचूँ, बेच दूं, बेच दूँ, खरीदूं, खरीदूँ, खरीद लूं, खरीद लूँ, ले लूं, ले लूँ, रखूं, रखूँ, निकाल लूं, \
    निकाल लूँ, बढ़ेगा, गिरेगा, should i, should we, should my, shall i, shall we, should one, ought i, must i, do i need to, \
    would you, do you recommend, do you suggest, do you advise, do you think, what do you think, \
    your opinion, your view, recommend, recommends, recommendation, recommendations, suggest, suggestion, \
    suggestions, advise, advice, good time, right time, best time, bad time, wise to, good idea, bad idea, \
    good investment, bad investment, good buy, good bet, safe bet, safe to, worth buying, worth selling, \
    worth holding, worth keeping, worth it, worth investing, buy or sell, sell or buy, hold or sell, \
    sell or hold, buy or hold, hold or buy, to buy now, to sell now, to buy, to invest in, to invest, \
    invest in now, what to buy, what to sell, which to buy, which to sell, where to invest, \
    where do i invest, how to invest, price target, target price, target for, ka target, target of, \
    fair value, intrinsic value, undervalued, overvalued, over valued, under valued, multibagger, \
    multibaggers, will go up, will go down, go up, going up, will rise, will fall, will it rise, \
    will it fall, will crash, will grow, rise tomorrow, do best next, do well next, next multibagger, \
    outlook, forecast, prediction, predict, can i expect, expect from, what to expect, stop loss at, \
    stoploss, buy call, tips, stock tip, hot stock, hot stocks, average down, average up, book profits now, \
    put into, rebalance, reallocate, is it time, time to sell, time to buy, time to exit, time to book, \
    better to, which is better, better investment, better buy, bech du, bech doon, bech dun, bech dena, \
    bechna chahiye, bech de, bechu, bechun, bechoon, kharidu, kharidun, kharid lu, kharid lun, kharid loon, \
    kharidna chahiye, khareedna chahiye, lena chahiye, le lu, le lun, le loon, rakhna chahiye, rakhu ya, \
    hold karu, hold karun, hold karna, buy karu, buy karun, sell karu, sell karun, exit karu, exit karun, \
    invest karu, invest karun, kya karu, kya karun, kya karna chahiye, karna chahiye, chahiye kya, chahiye, \
    kahan lagau, kahan lagaun, kahan lagaye, kaha lagau, kahan invest, kaha invest, lagau, lagaun, badhega, \
    badhegi, girega, giregi, upar jayega, neeche jayega, niche jayega, sahi rahega, accha rahega, \
    acha rahega, achha rahega, theek rahega, stocks batao, share batao, shares batao, stock batao, salah, \
    rai do, diversified enough, too risky, too much risk, risky hai, get out of, get rid of, switch to, \
    switch from, increase my sip, be increased, be reduced, stop my sip, shud i, shud we, too expensive, \
    expensive, overpriced, cheap enough, too cheap, kar du, kar dun, kar doon, kardu, band kar, stop loss, \
    nikal lu, nikal lun, nikal jau, lu kya, girne wala, badhne wala, girne wale, badhne wale, bana do, \
    banao, dump it, dump my, dead money, better returns, improve my, improve the, how can i get, \
    how do i get better, how can i improve, optimise, optimize, rakhu, rakhun, rakhu kya, kya rakhu, \
    ruk jau, ruk jaun, wait karu, wait karun, daalna chahiye, dalna chahiye, enough for retirement, \
    can i retire, is it safe, is it ok to, okay to, wise decision, smart move, which one should, \
    hold on to, keep holding, sell off now, exit now, time ho gaya, sahi time, sahi samay, accha time, \
    acha time, entry price, entry point, exit point, support level, resistance, technical analysis, \
    bullish, bearish, upside, downside potential, potential of, growth potential, buyback karu, ipo apply, \
    apply for ipo, subscribe to the ipo, worth subscribing, add more, buy more, sell more, dip, \
    buy the dip, next big, good stock, good stocks, good fund, good funds, which stock to, which fund to, \
    which share to, konsa stock, kaunsa stock lu, konsa share lu, kaunsa fund, konsa fund, konsa lu, \
    kya lu, acha hai kya, accha hai kya, sahi hai kya, theek hai kya, safe hai kya, safe hai, pick a good, \
    good small cap, good mid cap, good large cap, lene ke liye, kharidne ke liye, kaun better, better hai, \
    deserves, deserve, worth adding, kahan tak jayega, kaha tak jayega, jayega, jayegi, top picks, picks, \
    pick for me, suggest me, guide me, help me choose, which one is better, is better, kaunsa better, \
    kaunsa accha, kaunsa acha, konsa accha, konsa acha, invest more, add some more, adding more, \
    adding some more, buying more, sell some, trim, book partial, partial profit, hold or exit, \
    exit or hold, get in, enter now, time to enter, should, shd, shud, dalu, daalu, dalun, \
    kisme paisa dalu, is enough, enough or, should replace, replace it, kam karu, zyada karu, badhau, \
    badhaun, rukna chahiye, nikalna chahiye, nikal jana, exit maru, book kar lu, book kar lun, kar lu, \
    kar lun, kar loon, le lena";

/// Words that make "best" a wish for advice where nothing is said of one's own.
const WISHES: &str = "fund, funds, stock, stocks, share, shares, sip, etf, etfs, investment, investments, sector, sectors, \
    company, companies, scheme, schemes";

/// Words by which somebody asks of what they have, or of what has happened.
const OWN: &str = "my, mine, i, me, mera, meri, mere, maine, mujhe, our, we, portfolio, holding, holdings, performing, \
    performer, performers, performed, gain, gains, gained, profit, profits, return, returns, today, \
    yesterday, held, own, xirr";

fn list(words: &'static str) -> impl Iterator<Item = &'static str> {
    words.split(", ")
}

/// Whether a question asks for advice: what to buy, sell or hold, what will rise, what is best.
pub(super) fn asks_for_advice(tokens: &[Token]) -> bool {
    let words: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
    let text = format!(" {} ", words.join(" "));
    if list(PHRASES).any(|phrase| text.contains(&format!(" {phrase} "))) {
        return true;
    }
    let is = |some: &'static str| list(some).any(|word| words.contains(&word));
    let best = is("best, top, good, achha, accha, acha, badhiya");
    let future = is("will, would, next")
        && is("rise, fall, up, down, grow, crash, best, well, double, gain, perform");
    (best && is(WISHES) && !is(OWN)) || future
}
