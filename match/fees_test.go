package match

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"duizhang/parse"
	"duizhang/parse/money"
)

func feeContract(t *testing.T, debit, debitCap, credit, qr string) *Contract {
	t.Helper()
	rate := func(s string) Rate {
		if s == "" {
			return 0
		}
		r, ok := parseRate(s)
		if !ok {
			t.Fatal(s)
		}
		return r
	}
	c := &Contract{Debit: rate(debit), Credit: rate(credit), QR: rate(qr)}
	if debitCap != "" {
		c.DebitCap = fen(t, debitCap)
	}
	return c
}

func TestFeeOfARow(t *testing.T) {
	full := feeContract(t, "0.5%", "20", "0.6%", "0.38%")
	for _, c := range []struct {
		why      string
		contract *Contract
		card     parse.CardType
		channel  parse.Channel
		amount   money.Fen
		fee      money.Fen
		known    bool
		expected money.Fen
		differs  bool
	}{
		{"debit", full, parse.Debit, parse.ChannelCard, 100_00, 50, true, 50, false},
		{"debit at its cap", full, parse.Debit, parse.ChannelCard, 10_000_00, 20_00, true, 20_00, false},
		{"debit above its cap", full, parse.Debit, parse.ChannelCard, 10_000_00, 50_00, true, 20_00, true},
		{"credit has no cap", full, parse.Credit, parse.ChannelCard, 10_000_00, 60_00, true, 60_00, false},
		{"one fen is tolerated", full, parse.Credit, parse.ChannelCard, 100_00, 61, true, 60, false},
		{"two are not", full, parse.Credit, parse.ChannelCard, 100_00, 62, true, 60, true},
		{"too little is a difference too", full, parse.Credit, parse.ChannelCard, 100_00, 0, true, 60, true},
		{"QR", full, parse.CardUnknown, parse.ChannelQR, 100_00, 38, true, 38, false},
		{"QR on a debit card pays the QR rate", full, parse.Debit, parse.ChannelQR, 100_00, 38, true, 38, false},
		{"a refund's fee returned", full, parse.Credit, parse.ChannelCard, -100_00, -60, true, -60, false},
		{"a refund's fee kept", full, parse.Credit, parse.ChannelCard, -100_00, 0, true, 0, false},
		{"half of it returned is neither", full, parse.Credit, parse.ChannelCard, -100_00, -30, true, -60, true},
		{"a refund that is charged again", full, parse.Credit, parse.ChannelCard, -100_00, 60, true, -60, true},
		{"a capped refund", full, parse.Debit, parse.ChannelCard, -10_000_00, -20_00, true, -20_00, false},
		{"an unknown card where the rates differ is not checked", full, parse.CardUnknown, parse.ChannelCard, 100_00, 99, false, 0, false},
		{"an unknown card where the contract has one card rate", feeContract(t, "", "", "0.6%", "0.38%"), parse.CardUnknown, parse.ChannelCard, 100_00, 99, true, 60, true},
		{"an unknown card where both cost the same", feeContract(t, "0.6%", "", "0.6%", ""), parse.CardUnknown, parse.ChannelCard, 100_00, 60, true, 60, false},
		{"a known card of unknown channel", full, parse.Debit, parse.ChannelUnknown, 100_00, 50, true, 50, false},
		{"nothing is known of the row", full, parse.CardUnknown, parse.ChannelUnknown, 100_00, 50, false, 0, false},
		{"cash", full, parse.CardUnknown, parse.ChannelOther, 100_00, 50, false, 0, false},
		{"no rate agreed", feeContract(t, "", "", "", ""), parse.Credit, parse.ChannelCard, 100_00, 60, false, 0, false},
		{"a rate of nothing agreed", feeContract(t, "", "", "0%", ""), parse.Credit, parse.ChannelCard, 100_00, 60, true, 0, true},
	} {
		rule := c.contract.feeRule(c.card, c.channel)
		expected, differs := rule.check(c.amount, c.fee)
		if rule.known != c.known || expected != c.expected || differs != c.differs {
			t.Errorf("%s: known %v, expected %s, differs %v; want %v, %s, %v", c.why, rule.known, expected, differs, c.known, c.expected, c.differs)
		}
	}
}

func TestFeeLinesSumPerMerchantAndType(t *testing.T) {
	c := feeContract(t, "0.5%", "20", "0.6%", "")
	a, b := feeLedger{}, feeLedger{}
	credit, debit := c.feeRule(parse.Credit, parse.ChannelCard), c.feeRule(parse.Debit, parse.ChannelCard)
	a.of("拉卡拉", "80001", "", credit).add(credit, 100_00, 60, true)
	a.of("拉卡拉", "80001", "", credit).add(credit, 100_00, 72, true) // 0.12 too much
	b.of("拉卡拉", "80001", "", credit).add(credit, 100_00, 50, true) // 0.10 too little
	b.of("拉卡拉", "80001", "", credit).add(credit, 100_00, 0, false) // the file gives no fee
	b.of("拉卡拉", "80001", "", debit).add(debit, 100_00, 50, true)
	a.merge(b)
	want := []FeeLine{
		{FeeKey{Acquirer: "拉卡拉", MerchantID: "80001", Type: FeeDebit, Rate: c.Debit, Cap: 20_00}, FeeSums{Rows: 1, Checked: 1, Amount: 100_00, Charged: 50, Expected: 50}},
		{FeeKey{Acquirer: "拉卡拉", MerchantID: "80001", Type: FeeCredit, Rate: c.Credit}, FeeSums{Rows: 4, Checked: 3, Amount: 300_00, Charged: 182, Expected: 180, OverRows: 1, Over: 12, UnderRows: 1, Under: 10}},
	}
	if diff := cmp.Diff(want, a.lines()); diff != "" {
		t.Error(diff)
	}
}
