#!/bin/sh
# Before the code is deployed: brings the store's tables to this code and lets the app's identity
# read and write them. Signs in as the operator, with a token that lives about an hour.
set -eu
cd "$(dirname "$0")/../.."

make setup
# The registration proves itself in Azure only, and the store needs none of it.
unset TANDEM_CLIENT_ID
PGUSER=$OPERATOR_NAME
PGPASSWORD=$(az account get-access-token --resource-type oss-rdbms --query accessToken --output tsv)
TANDEM_STORE_URL="postgresql://$STORE_HOST/$STORE_DATABASE?sslmode=verify-full"
export PGUSER PGPASSWORD TANDEM_STORE_URL
.venv/bin/tandem db upgrade
.venv/bin/tandem db admit "$IDENTITY_NAME"
