"""Who looks: sessions instead of tokens, and forms that nobody else can send in somebody's name."""
