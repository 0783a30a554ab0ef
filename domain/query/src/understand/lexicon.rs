//! The words that questions are made of, in English and Hinglish, and what each means.

use super::concept::Concept::{self, *};
use super::filler::FILLER;
use crate::{Dimension, Measure};

/// Phrases by what they mean, with commas between. The longest that fits a question counts.
const PHRASES: &[(Concept, &str)] = &[
    (
        Figure(Measure::Xirr),
        "xirr, irr, cagr, annualised return, annualized return, yearly return, annual return, \
        money weighted return",
    ),
    (
        Figure(Measure::Drawdown),
        "drawdown, max drawdown, maximum drawdown, deepest fall, largest fall, biggest fall, worst fall, \
        largest drawdown, deepest drawdown, peak to trough",
    ),
    (
        Figure(Measure::DividendYield),
        "dividend yield, div yield, yield, yielding, yields, dividend yielding",
    ),
    (
        Figure(Measure::Charges),
        "charges, brokerage, brokerage and taxes, fees, fees and taxes, trading costs, transaction charges, \
        transaction costs, charges and taxes, taxes and charges, stt",
    ),
    (
        Figure(Measure::Weight),
        "weight, weights, weightage, allocation, exposure, percent of my portfolio, \
        percentage of my portfolio, % of my portfolio, share of my portfolio, share of portfolio, \
        part of my portfolio, portion of my portfolio, fraction of my portfolio, portfolio ka kitna hissa, \
        kitna hissa, hissa",
    ),
    (
        Figure(Measure::AverageCost),
        "average cost, average price, average buy price, average buying price, avg price, avg cost, avg, \
        average, buy price, buying price, purchase price, cost price, average rate, kharid price",
    ),
    (
        Figure(Measure::Price),
        "price, prices, current price, market price, last price, closing price, last close, close, ltp, cmp, \
        nav, bhav, rate, quote, trading at, trades at, daam",
    ),
    (
        Figure(Measure::Quantity),
        "quantity, units, qty, number of shares, number of units, how many shares, how many units, \
        kitne units, unit, kitne unit, share count, no of shares, how many shares and units",
    ),
    (Figure(Measure::PledgedQuantity), "pledged, pledge, pledged quantity, pledged shares, girvi"),
    (
        Figure(Measure::HoldingDays),
        "holding period, holding days, days held, how long have i held, how long have i been holding, \
        how long have i owned, how long do i hold, kitne din se, kab se, holding period in days, how old, \
        kitna purana, kitne purane, age of",
    ),
    (
        Figure(Measure::DaysToLongTerm),
        "days to long term, days until long term, days till long term, become long term, becomes long term, \
        turn long term, turns long term, be long term, long term kab, days left to long term, go long term, \
        qualify as long term, qualify for long term",
    ),
    (
        Figure(Measure::UnusedExemption),
        "exemption, ltcg exemption, unused exemption, exemption left, tax free limit, tax exemption, \
        exemption limit, long term exemption, ltcg limit, ltcg exempt, exempt limit, tax free gains, \
        tax free ltcg, ltcg free limit, exemption bachi, limit bachi, long term limit, \
        tax free long term gains",
    ),
    (
        Figure(Measure::High52w),
        "52 week high, 52 w high, 52 wk high, fifty two week high, year high, yearly high, 52 hafte ka high",
    ),
    (
        Figure(Measure::Low52w),
        "52 week low, 52 w low, 52 wk low, fifty two week low, year low, yearly low",
    ),
    (
        Profit,
        "profit, profits, gain, gains, p&l, pnl, pl, p l, profit loss, profit and loss, profit or loss, \
        profit ya loss, profit nuksan, fayda nuksan, fayda, faida, munafa, munaafa, labh, up, upar, \
        profitable, performance, performing, perform, performed, performers, performer, making, earning, \
        gained, risen, grown, appreciated, appreciation, make me, makes me, in the green or red, \
        green or red, red or green, in the red or green, in profit or loss, profit mein ya loss mein, \
        fayde mein ya nuksan mein, paper profit, paper profits, p and l, earnings, kama, kamaa, faayda, \
        munaafe, badhat, bada",
    ),
    (
        Made,
        "made me, made, make, did i make, have i made, did i earn, have i earned, earn, earned, kamaya, \
        kamaaya, kamai, kamayi, made or lost, make or lose, gained or lost, banaya, banaye, bana, kamaye, \
        kama ke diya, earned me, kamaa ke diya",
    ),
    (
        Loss,
        "lost me, cost me the most, loss, losses, lost, lose, losing, nuksan, nuksaan, ghata, down, neeche, \
        niche, fallen, dropped, fell, gira, gire, giri, gira hua, tuta, tute, toota, sunk, tanked, crashed, \
        decline, declined, slipped, eroded",
    ),
    (
        InLoss,
        "in loss, in losses, in the red, at a loss, with a loss, with losses, with loss, losing money, \
        loss making, lossmaking, under water, underwater, ghate mein, ghate me, nuksan mein, nuksan me, \
        loss mein, loss me, in minus, in negative, negative, minus mein, minus me, red me, red mein, \
        in red, bleeding, losers list, loss me hai, in the minus",
    ),
    (
        InProfit,
        "in profit, in the green, at a profit, with a profit, with a gain, with profit, in plus, \
        profit mein, profit me, fayde mein, fayde me, munafe mein, green mein, plus me, plus mein, \
        in the plus, green me, in green, positive, fayde me hai, munafe me, gaining, making money, \
        making profit, in gains",
    ),
    (
        Realised,
        "realised, realized, booked, book, capital gains, capital gain, taxable gains, taxable gain, \
        gains cashed in, locked in, profit booking, closed positions, from selling, by selling, on sales, \
        from sales, on sold",
    ),
    (
        Unrealised,
        "unrealised, unrealized, notional, paper, on paper, sitting on, open positions, on what i hold, \
        mark to market, mtm",
    ),
    (Return, "return, returns, time weighted return, twr, twrr, rate of return, absolute return"),
    (Benchmark, "nifty, nifty 50, the nifty, benchmark, index, the index, the market"),
    (
        Worth,
        "worth, value, valuation, current value, market value, valued, total value, net worth, keemat, \
        kimat, mulya, kitne ka hai, kitne ki hai, kitne ke hai, kitne ka, kitne ke, size, kitne ka tha, \
        kitna paisa hai, biggest by value, keemat kya, valued at, amounts to, kitne ka hua, mol, daam kya, \
        how big is, how large is, market worth, bhaav kya, kitne paise hai",
    ),
    (
        Have,
        "have, own, hold, held, holding, got, is in, is at, paas, hai, hain, rakha hai, lying in, parked in, \
        kitna hai, pade, pada, padi, pade hue, pada hua, rakhe, rakhi, rakha, rakhe hue, owned, sitting in, \
        sitting at, sits in",
    ),
    (
        Invested,
        "put, invested, invest, investment, invested amount, cost, total cost, cost me, cost basis, \
        book value, lagaya, lagaya hai, invest kiya, invest kiya hai, kitna lagaya, lagaye, spent, \
        principal, capital invested, daala, dala, daale, dale, daali, daala tha, paisa daala, paise daale, \
        invested money, buying cost, total buying cost, my cost, put into it, putting in, investing, \
        paisa lagaya, paise lagaye, lagaya hua, laga hua, laga, lage, sunk into, put in, put money, i put, \
        have i put, have put, put so much, put into this, money put",
    ),
    (
        NewMoney,
        "net invested, net investment, net investments, net inflow, net inflows, inflow, inflows, new money, \
        fresh money, net money, net flow, net flows, cash flow, cash flows, put in net, money did i add, \
        net deployed, added",
    ),
    (
        Dividend,
        "dividend, dividends, dividend income, payout, payouts, income, dividend payers, dividend payer, \
        dividend paying, divident, dividand, interest, passive income",
    ),
    (
        Trades,
        "trades, transactions, transaction, orders, executions, trade, traded, order history, trade history, \
        lenden, saude, sauda, txns, txn, trxn, trns, activity, activities, deals, dealings, contract notes",
    ),
    (
        Bought,
        "bought, buy, buys, purchase, purchases, purchased, buying, kharida, kharidi, kharide, khareeda, \
        kharidari, acquired, buy for, pick up, picked up, picked, accumulate, accumulated, kharid, \
        kharidi hui, purchasing, took a position, entered, got into, subscribed, liya, li, liya tha, \
        liye the, le rakha, kharidne, kharid liya",
    ),
    (
        Sold,
        "sold, sell, sells, sale, sales, selling, becha, beche, bechi, exited, exits, bech, bechke, bech ke, \
        bech kar, bechkar, bechi hui, offloaded, offload, disposed, disposed of, liquidated, dumped, \
        unloaded, got rid of, squared off, nikale, nikala, booked out of, encashed, redeemed, redemption, \
        redemptions, bechne, bechne se, bechne par, bechi thi, becha tha, sell off, sold off, sells off",
    ),
    (
        Change,
        "change, changed, move, moved, movement, day change, day gain, daily change, badha, badla, \
        ghata badha, fluctuate, swing",
    ),
    (
        Percent,
        "percent, percentage, %, pct, per cent, pratishat, percentage terms, in percent, by percent, \
        percentwise, percent wise",
    ),
    (
        OfPortfolio,
        "of my portfolio, of portfolio, of the portfolio, of my total, of my holdings, of my money, \
        of total, of my investments, portfolio ka, of everything",
    ),
    (
        Portfolio,
        "portfolio, portfolios, account balance, everything, everything i own, everything i hold, wealth, \
        corpus",
    ),
    (
        By(Dimension::Sector),
        "by sector, sector wise, sectorwise, per sector, each sector, every sector, har sector, \
        across sectors, sector by sector, by industry, industry wise, sectoral",
    ),
    (
        By(Dimension::Class),
        "by asset class, asset class wise, per asset class, each asset class, by class, asset wise, by type, \
        by asset type, class wise, har asset class",
    ),
    (
        By(Dimension::Account),
        "by account, account wise, accountwise, per account, each account, every account, har account, \
        across accounts, by demat",
    ),
    (
        By(Dimension::Broker),
        "by broker, broker wise, brokerwise, per broker, each broker, every broker, har broker, \
        across brokers",
    ),
    (
        By(Dimension::Holder),
        "by holder, holder wise, per holder, each holder, by person, per person, each person, each member, \
        by member, family member wise, by owner",
    ),
    (
        By(Dimension::Security),
        "by stock, stock wise, stockwise, per stock, each stock, every stock, har stock, by security, \
        per security, each security, by holding, per holding, each holding, every holding, har holding, \
        by company, per company, each company, company wise, scrip wise, by scrip, by share, share wise, \
        har share, each share, by fund, per fund, each fund, fund wise, stock by stock",
    ),
    (
        By(Dimension::Term),
        "by term, term wise, short and long term, long and short term, short vs long term, \
        short term and long term, long term and short term, short versus long term, stcg and ltcg, \
        ltcg and stcg, stcg vs ltcg, ltcg vs stcg, short or long term, by holding term",
    ),
    (Each, "each, per, by, wise, har, every, across, according to, ke hisab se, grouped by"),
    (Named(Dimension::Sector), "sector, sectors, industry, industries"),
    (Named(Dimension::Account), "account, accounts, demat"),
    (Named(Dimension::Broker), "broker, brokers"),
    (Named(Dimension::Class), "asset class, asset classes, asset"),
    (Class("mutual_fund"), "mutual fund, mutual funds, mf, mfs, funds, fund, schemes, scheme"),
    (Class("etf"), "etf, etfs, exchange traded funds, exchange traded fund"),
    (
        Class("government_security"),
        "government security, government securities, g sec, gsec, gsecs, government bonds, govt bonds",
    ),
    (
        Stocks,
        "stock, stocks, share, shares, equity, equities, scrip, scrips, company, companies, direct equity",
    ),
    (
        Holdings,
        "holdings, position, positions, investments, securities, instruments, assets, names, bets, things, \
        anything, something, inside, contents, each of them, everything i have, lot of things, item, items, \
        positions of mine",
    ),
    (Lots, "lots, lot, tax lots"),
    (
        Short,
        "short term, stcg, shortterm, short term capital gains, short term capital gain, short term gains, \
        short term gain",
    ),
    (
        Long,
        "long term, ltcg, longterm, long term capital gains, long term capital gain, long term gains, \
        long term gain",
    ),
    (
        Most,
        "most, top, largest, biggest, highest, maximum, max, greatest, heaviest, sabse zyada, sabse jyada, \
        sabse bada, sabse bade, sabse badi, sabse upar, leading, major, main, zyada se zyada, first, \
        more than any other, sabse",
    ),
    (
        Least,
        "least, bottom, smallest, lowest, minimum, min, fewest, tiniest, sabse kam, sabse chota, \
        sabse chote, sabse chhota, sabse niche, sabse neeche",
    ),
    (Best, "best, sabse achha, sabse acha, sabse accha, sabse badhiya, strongest"),
    (Worst, "worst, weakest, sabse kharab, sabse bura, poorest"),
    (Gainers, "gainers, gainer, winners, winner, movers, mover, rose, went up"),
    (Losers, "losers, loser, laggards, laggard, worst performers, worst performer"),
    (
        Above,
        "above, over, more than, greater than, higher than, exceeding, exceeds, exceed, bigger than, \
        larger than, se zyada, se jyada, se upar, se adhik, se bade, beyond, north of, crossing",
    ),
    (
        Below,
        "below, under, less than, lower than, smaller than, se kam, se neeche, se niche, beneath, \
        fewer than, cheaper than",
    ),
    (HowMany, "how many, number of, count, count of, kitne, no of, total number of"),
    (
        HowMuch,
        "how much, kitna, what amount, amount of, kitni, what sum, what is the sum, how big, how large, \
        kitna sa, amount spent, amount received, kitni rakam",
    ),
    (
        List,
        "list, show, which, what are, kaun, kaun se, kaun sa, kaunse, kaunsa, kaunsi, konsa, konse, display, \
        dikhao, dikha, batao, bata, show me, give me, tell me, see, name, kya kya, kaun kaun, kaun kaun si, \
        kaun kaun se",
    ),
    (When, "when, kab"),
    (
        Days,
        "how many days, days until, days till, days to, days left, days before, number of days, kitne din, \
        kitne din mein, in days, how long until, how long till, how long before, become, becomes, turn, \
        turns, qualify, qualifies, eligible for",
    ),
    (
        Compare,
        "compare, compared, compared to, compared with, comparison, versus, vs, against, than, relative to, \
        ke mukable, tulna, compare karo, difference between, v s, comapre, compair, farq, fark, difference",
    ),
    (
        Split,
        "split, split broken down, break down, breakdown, breakup, break up, divided, distributed, spread, \
        distribution, mix, composition, diversification",
    ),
    (Only, "only, just, sirf, bas"),
    (
        And,
        "and, aur, what about, how about, also, plus, as well as, along with, together with, tatha, aur uska",
    ),
    (
        AtLeast,
        "at least, or more, no less than, not less than, minimum of, kam se kam, and above, and more, \
        or above, upwards, ya usse upar, ya upar, ya zyada, ya usse zyada, ya jyada, se upar ya, aur upar",
    ),
    (
        AtMost,
        "at most, or less, no more than, not more than, maximum of, and below, or below, ya usse kam, \
        ya kam, ya usse neeche",
    ),
    (Between, "between, in the range, ranging from, ranging, ke beech"),
    (
        Except,
        "except, except for, excluding, exclude, without, other than, barring, leaving out, leave out, \
        ignore, ignoring, if we ignore, not counting, minus the, outside of, outside, besides, not in, non, \
        minus, less the, sans, all but, everything but, everything except",
    ),
    (
        Rupees,
        "in rupees, rupees, rupee, rupaye, rupay, rupee terms, rs, inr, in rs, in inr, money terms, \
        in money terms, absolute terms, in absolute terms, paise mein",
    ),
    (
        SellPrice,
        "selling price, average selling price, average sell price, sell price, sale price, \
        avg selling price, avg sell price, bechne ka price, price did i sell",
    ),
    (
        OneByOne,
        "history, one by one, list every, list each, list all, every dividend, each dividend, \
        all the dividends, every payout, each payout, individually, entries, log, ledger, record, records, \
        ek ek karke",
    ),
    (
        BesideIndex,
        "against the nifty, against nifty, vs nifty, vs the nifty, versus nifty, versus the nifty, \
        beat the nifty, beat nifty, beat the market, beat the index, beat the benchmark, beating the nifty, \
        beating nifty, beating the market, outperform, outperform the nifty, outperformed, outperforming, \
        underperform, underperformed, underperforming, nifty se, nifty ke mukable, nifty ke muqable, \
        compared to nifty, compared to the nifty, compared with nifty, compared with the nifty, \
        relative to nifty, relative to the nifty, lag the nifty, trail the nifty, behind the nifty, \
        ahead of the nifty, better than nifty, better than the nifty, better than the market, \
        worse than the nifty, haraya, nifty ko haraya, beaten the nifty, beaten nifty, beaten the market, \
        v s nifty",
    ),
    (
        TaxBill,
        "tax rate, rate of tax, tax slab, how much tax, tax will i pay, tax do i owe, tax i owe, \
        tax liability, tax bill, tax payable, tax to pay, tax to be paid, tax due, tax dena, \
        tax dena padega, tax lagega, kitna tax, income tax",
    ),
    (
        Latest,
        "last thing, last things, last purchase, last sale, last trade, last buy, last sell, \
        last transaction, latest, most recent, newest, aakhri, akhri, last dividend, latest dividend, \
        last one i bought",
    ),
    (
        Definition,
        "difference between an, difference between a, what is an, meaning of, explain, explanation, define, \
        definition, how does, kya hota hai, kya hoti hai, kya hote hain, kya hota, matlab kya, full form, \
        stands for, calculated, how is it calculated, fund manager, manager, expense ratio, aum, pe ratio, \
        market cap, marketcap, eps, record date, ex date, results, quarterly results, news, ipo, gmp, ceo, \
        founder, headquarters, face value, circuit limit, lock in, exit load",
    ),
    (
        ExceptThat,
        "ke alawa, ke siwa, ke sivay, ke bina, ko chhodkar, ko chodkar, chhod ke, chhodkar, chod ke, \
        chodkar, hata ke, hatakar, ko hata ke, excluded, apart",
    ),
    (Negation, "not, nor, neither, never, nahi, nahin, no longer, none of"),
    (Filler, FILLER),
];

/// Every phrase and what it means.
pub(super) fn phrases() -> impl Iterator<Item = (&'static str, Concept)> {
    PHRASES
        .iter()
        .flat_map(|(concept, phrases)| phrases.split(", ").map(|phrase| (phrase, *concept)))
}
