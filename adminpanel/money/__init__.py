"""What staff decide about money: refunds, invoices paid by transfer, overage, differences."""
