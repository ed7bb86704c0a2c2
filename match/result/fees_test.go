package result

import (
	"testing"

	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/match/terms/tables"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"

	"github.com/google/go-cmp/cmp"
)

func feeContract(t *testing.T, debit, debitCap, credit, qr string) *terms.Contract {
	t.Helper()
	rate := func(s string) terms.Rate {
		if s == "" {
			return 0
		}
		r, ok := tables.ParseRate(s)
		if !ok {
			t.Fatal(s)
		}
		return r
	}
	c := &terms.Contract{Debit: rate(debit), Credit: rate(credit), QR: rate(qr)}
	if debitCap != "" {
		c.DebitCap = fen(t, debitCap)
	}
	return c
}

func TestFeeOfARow(t *testing.T) {
	full := feeContract(t, "0.5%", "20", "0.6%", "0.38%")
	for _, c := range []struct {
		why      string
		contract *terms.Contract
		card     record.CardType
		channel  record.Channel
		amount   money.Fen
		fee      money.Fen
		known    bool
		expected money.Fen
		differs  bool
	}{
		{"debit", full, record.Debit, record.ChannelCard, 100_00, 50, true, 50, false},
		{"debit at its cap", full, record.Debit, record.ChannelCard, 10_000_00, 20_00, true, 20_00, false},
		{"debit above its cap", full, record.Debit, record.ChannelCard, 10_000_00, 50_00, true, 20_00, true},
		{"credit has no cap", full, record.Credit, record.ChannelCard, 10_000_00, 60_00, true, 60_00, false},
		{"one fen is tolerated", full, record.Credit, record.ChannelCard, 100_00, 61, true, 60, false},
		{"two are not", full, record.Credit, record.ChannelCard, 100_00, 62, true, 60, true},
		{"too little is a difference too", full, record.Credit, record.ChannelCard, 100_00, 0, true, 60, true},
		{"QR", full, record.CardUnknown, record.ChannelQR, 100_00, 38, true, 38, false},
		{"QR on a debit card pays the QR rate", full, record.Debit, record.ChannelQR, 100_00, 38, true, 38, false},
		{"a refund's fee returned", full, record.Credit, record.ChannelCard, -100_00, -60, true, -60, false},
		{"a refund's fee kept", full, record.Credit, record.ChannelCard, -100_00, 0, true, 0, false},
		{"half of it returned is neither", full, record.Credit, record.ChannelCard, -100_00, -30, true, -60, true},
		{"a refund that is charged again", full, record.Credit, record.ChannelCard, -100_00, 60, true, -60, true},
		{"a capped refund", full, record.Debit, record.ChannelCard, -10_000_00, -20_00, true, -20_00, false},
		{"an unknown card where the rates differ is not checked", full, record.CardUnknown, record.ChannelCard, 100_00, 99, false, 0, false},
		{"an unknown card where the contract has one card rate", feeContract(t, "", "", "0.6%", "0.38%"), record.CardUnknown, record.ChannelCard, 100_00, 99, true, 60, true},
		{"an unknown card where both cost the same", feeContract(t, "0.6%", "", "0.6%", ""), record.CardUnknown, record.ChannelCard, 100_00, 60, true, 60, false},
		{"a known card of unknown channel", full, record.Debit, record.ChannelUnknown, 100_00, 50, true, 50, false},
		{"nothing is known of the row", full, record.CardUnknown, record.ChannelUnknown, 100_00, 50, false, 0, false},
		{"cash", full, record.CardUnknown, record.ChannelOther, 100_00, 50, false, 0, false},
		{"no rate agreed", feeContract(t, "", "", "", ""), record.Credit, record.ChannelCard, 100_00, 60, false, 0, false},
		{"a rate of nothing agreed", feeContract(t, "", "", "0%", ""), record.Credit, record.ChannelCard, 100_00, 60, true, 0, true},
	} {
		rule := c.contract.FeeRule(c.card, c.channel)
		expected, differs := rule.Check(c.amount, c.fee)
		if rule.Known != c.known || expected != c.expected || differs != c.differs {
			t.Errorf("%s: known %v, expected %s, differs %v; want %v, %s, %v", c.why, rule.Known, expected, differs, c.known, c.expected, c.differs)
		}
	}
}

func TestFeeLinesSumPerMerchantAndType(t *testing.T) {
	c := feeContract(t, "0.5%", "20", "0.6%", "")
	a, b := FeeLedger{}, FeeLedger{}
	credit, debit := c.FeeRule(record.Credit, record.ChannelCard), c.FeeRule(record.Debit, record.ChannelCard)
	a.Of("拉卡拉", "80001", "", credit).Add(credit, 100_00, 60, true)
	a.Of("拉卡拉", "80001", "", credit).Add(credit, 100_00, 72, true) // 0.12 too much
	b.Of("拉卡拉", "80001", "", credit).Add(credit, 100_00, 50, true) // 0.10 too little
	b.Of("拉卡拉", "80001", "", credit).Add(credit, 100_00, 0, false) // the file gives no fee
	b.Of("拉卡拉", "80001", "", debit).Add(debit, 100_00, 50, true)
	a.Merge(b)
	want := []FeeLine{
		{FeeKey{Acquirer: "拉卡拉", MerchantID: "80001", Type: terms.FeeDebit, Rate: c.Debit, Cap: 20_00}, FeeSums{Rows: 1, Checked: 1, Amount: 100_00, Charged: 50, Expected: 50}},
		{FeeKey{Acquirer: "拉卡拉", MerchantID: "80001", Type: terms.FeeCredit, Rate: c.Credit}, FeeSums{Rows: 4, Checked: 3, Amount: 300_00, Charged: 182, Expected: 180, OverRows: 1, Over: 12, UnderRows: 1, Under: 10}},
	}
	if diff := cmp.Diff(want, a.Lines()); diff != "" {
		t.Error(diff)
	}
}
