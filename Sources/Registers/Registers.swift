/// The module holds what `SpecGen` makes of `Specs/registers`; see `specs.json` and `README.md`.
///
/// Every spec gives two types: a namespace such as `UART16550` with a value type for each register, and a structure such as
/// `UART16550Registers` with an accessor for each, over any `RegisterSpace`.
public enum Registers {}
