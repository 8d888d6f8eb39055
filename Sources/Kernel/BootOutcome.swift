import Foundations

/// How a boot step ended.
enum BootOutcome {
  /// Its postcondition was checked and holds; the text says what was found.
  case done(Message)
  /// Its postcondition does not hold; the text says what was seen instead.
  case failed(Message)
  /// Nothing does its work yet: the named part of the plan will.
  case notYet(part: Int)
}
